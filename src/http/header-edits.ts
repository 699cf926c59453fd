/** Sets and removes headers as a route asks, but never those that HTTP, the gateway or a policy owns. */

import type { HeaderEdits } from '../model/route-options.ts';
import { RESERVED_HEADERS } from '../policy/reserved-names.ts';
import { normaliseHeaderName } from './header-names.ts';

/** {@link HeaderEdits} made ready to be applied to many messages. */
export interface PreparedEdits {
  /** Normalised; every line of them goes. */
  readonly names: ReadonlySet<string>;
  readonly set: readonly {
    readonly normalised: string;
    readonly name: string;
    readonly value: string;
  }[];
}

const RESERVED: ReadonlySet<string> = new Set(RESERVED_HEADERS);
const NONE: ReadonlySet<string> = new Set();

/** `undefined`: there is nothing to change. */
export function prepareEdits({ set, remove }: HeaderEdits): PreparedEdits | undefined {
  const sets = set
    .map(({ name, value }) => ({ normalised: normaliseHeaderName(name), name, value }))
    .filter(({ normalised }) => !isReserved(normalised));
  const removed = remove.map(normaliseHeaderName).filter((name) => !isReserved(name));
  const names = new Set([...sets.map(({ normalised }) => normalised), ...removed]);
  return names.size === 0 ? undefined : { names, set: sets };
}

/**
 * Both lists alternate names and values.
 * @param owned names of headers that stay as they are, normalised
 */
export function editHeaders(
  headers: readonly string[],
  { names, set }: PreparedEdits,
  owned: ReadonlySet<string> = NONE,
): string[] {
  const edited: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const rawName = headers[at] ?? '';
    const name = normaliseHeaderName(rawName);
    if (names.has(name) && !owned.has(name)) continue;
    edited.push(rawName, headers[at + 1] ?? '');
  }
  for (const { normalised, name, value } of set) if (!owned.has(normalised)) edited.push(name, value);
  return edited;
}

function isReserved(name: string): boolean {
  return RESERVED.has(name) || name.startsWith('x-forwarded-');
}
