/** How often the values of random objects are good: often enough that one odd value shows among others that work. */

import * as fc from 'fast-check';

/** Places and names are few, so that objects refer to one another, and quarrel, all the time. */
export const PLACES = ['shop', 'infra', 'web', 'edge'] as const;

/** One of `good`; now and then one of `odd`. */
export function mostly<T>(good: readonly T[], odd: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

/** Now and then something else stands where a value should. */
export function orBroken<T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 80, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) });
}

/** `percent`: how often it is there. */
export function sometimes<T>(percent: number, good: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
    { weight: percent, arbitrary: good },
  );
}

/** Metadata beside the name, with `more` of it. */
export function metadata(more: Readonly<Record<string, fc.Arbitrary<unknown>>> = {}): fc.Arbitrary<object> {
  return fc.record({ ...LIFE, ...more });
}

/** What makes one object of a name another than the one before. */
const LIFE = {
  creationTimestamp: mostly(
    [undefined, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z', 'yesterday'],
  ),
  uid: fc.constantFrom(undefined, 'u1', 'u2'),
  generation: fc.constantFrom(undefined, 1, 2, 3),
};
