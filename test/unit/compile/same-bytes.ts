/** Compares results of compile byte by byte, with what secrets hold, and says where they part. */

import assert from 'node:assert/strict';

import type { RoutingTable } from '../../../src/model/table.ts';
import { Redacted } from '../../../src/model/redacted.ts';

/** How much is shown on either side of the first difference. */
const SHOWN = 160;

/** Everything that a result says, in its order, private keys too. */
export function bytesOf(result: unknown): string {
  return JSON.stringify(
    result,
    function reveal(this: Readonly<Record<string, unknown>>, key, value: unknown) {
      const held = this[key];
      return held instanceof Redacted ? (held.reveal() as unknown) : value;
    },
  );
}

/** The same for a table, whatever the order of its entries: deltas keep none. */
export function tableBytes(table: RoutingTable): string {
  const sections = Object.entries(table).map(([name, section]: [string, unknown]) => [
    name,
    typeof section === 'object' && section !== null && !Array.isArray(section)
      ? Object.fromEntries(Object.entries(section).sort(([a], [b]) => (a < b ? -1 : 1)))
      : section,
  ]);
  return bytesOf(Object.fromEntries(sections));
}

/** `expected` and what comes of it; `when` says which of many comparisons this is. */
export function assertSameBytes(actual: string, expected: string, when: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at += 1;
  const from = Math.max(0, at - SHOWN);
  assert.fail(
    `${when}:\nfound    …${actual.slice(from, at + SHOWN)}…\nexpected …${expected.slice(from, at + SHOWN)}…`,
  );
}
