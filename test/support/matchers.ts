/** Every implementation of matching, for case tables that each of them must pass. */

import { createMatcher, type Match } from '../../src/match/matcher.ts';
import type { RoutingTable } from '../../src/model/table.ts';
import { naiveMatch } from './naive-matcher.ts';

export const MATCHERS: readonly {
  readonly name: string;
  readonly match: (table: RoutingTable, host: string, path: string) => Match | undefined;
}[] = [
  { name: 'the matcher', match: (table, host, path) => createMatcher(table).match(host, path) },
  { name: 'the naive matcher', match: naiveMatch },
];
