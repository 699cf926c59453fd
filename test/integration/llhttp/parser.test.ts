/**
 * The parser of the gateway against llhttp, in memory: tens of thousands of connections, each cut into pieces somewhere.
 * Each difference belongs to a class that is explained; anything else is a failure of this test.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { CLASSES, type Class } from './classes.ts';
import { differenceOf } from './differences.ts';
import { arbitraryBytes, arbitraryCuts, cut } from './messages.ts';
import { Llhttp, readAsGateway, type Reading } from './readings.ts';

const CONNECTIONS = 30_000;
const SEED = 20_261_124;

describe('the parser of the gateway', () => {
  it(`reads ${CONNECTIONS} connections as llhttp does, but for what is explained`, () => {
    const llhttp = new Llhttp();
    const met = new Map<Class, number>();
    let readByBoth = 0;
    const given = fc.sample(fc.tuple(arbitraryBytes, arbitraryCuts), { seed: SEED, numRuns: CONNECTIONS });
    for (const [text, cuts] of given) {
      const pieces = cut(text, cuts);
      const ours = readAsGateway(pieces);
      const theirs = llhttp.read(pieces);
      readByBoth += wholeInBoth(ours, theirs);
      const difference = differenceOf(ours, theirs);
      if (difference === undefined) continue;
      const explained = CLASSES.find((each) => each.difference.test(difference));
      assert.ok(explained, `not explained: ${difference}\n${JSON.stringify(text)}`);
      met.set(explained, (met.get(explained) ?? 0) + 1);
    }
    assert.ok(readByBoth > CONNECTIONS / 2, `only ${readByBoth} requests were read by both`);
    for (const each of CLASSES) assert.ok(met.has(each), `never seen: ${each.difference.source}`);
  });

  it('reads the same, however the bytes are cut', () => {
    const sizes = fc.constantFrom(64, 100, 200, 16_384);
    fc.assert(
      fc.property(arbitraryBytes, arbitraryCuts, sizes, (text, cuts, maxHeadBytes) => {
        const whole = readAsGateway(cut(text, []), maxHeadBytes);
        assert.deepEqual(outline(readAsGateway(cut(text, cuts), maxHeadBytes)), outline(whole));
      }),
      { seed: SEED, numRuns: 10_000 },
    );
  });

  it('reads the same byte by byte', () => {
    const given = fc
      .sample(arbitraryBytes, { seed: SEED, numRuns: 2_000 })
      .filter(({ length }) => length < 2_000);
    for (const text of given) {
      const bytes = Buffer.from(text, 'latin1');
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      assert.deepEqual(outline(readAsGateway(single)), outline(readAsGateway([bytes])), JSON.stringify(text));
    }
  });
});

function wholeInBoth(ours: Reading, theirs: Reading): number {
  return ours.requests.filter(({ isWhole }, at) => isWhole && theirs.requests[at]?.isWhole === true).length;
}

/** What is wrong may be seen in one place or another; that it is, and behind which request, may not depend on the cuts. */
function outline({ requests, end }: Reading): unknown {
  return { requests, end: end === undefined || end === 'closed' ? end : 'refused' };
}
