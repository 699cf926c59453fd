/** One line of the result. */

import type { Spread } from './statistics.ts';

export interface Row {
  readonly measure: string;
  readonly subject: string;
  readonly unit: string;
  readonly found: Spread;
  readonly ratio?: Spread;
  /** What the ratio is to, such as `nginx`. */
  readonly base?: string;
  readonly target?: string;
}

/** Round by round: the two of a round ran within seconds of one another. */
export function ratiosOf(values: readonly number[], bases: readonly number[]): readonly number[] {
  return values.map((value, round) => value / (bases[round] ?? Number.NaN));
}
