/** The table that a proxy thread serves, with what is derived from it; replaced as a whole by each change. */

import { applyDelta, type TableDelta } from '../compile/delta.ts';
import { normaliseHeaderName } from '../http/forward-headers.ts';
import { createMatcher, type Matcher } from '../match/matcher.ts';
import { emptyTable, type RoutingTable } from '../model/table.ts';

/** A request takes one and keeps it. */
export interface Routing {
  readonly table: RoutingTable;
  readonly matcher: Matcher;
  /** Normalised: lower-case, `-` for `_`. */
  readonly identityHeaders: ReadonlySet<string>;
}

export function emptyRouting(): Routing {
  const table = emptyTable();
  return { table, matcher: createMatcher(table), identityHeaders: new Set() };
}

export function changedRouting(previous: Routing, delta: TableDelta): Routing {
  const table = applyDelta(previous.table, delta);
  return {
    table,
    matcher: createMatcher(table, previous.matcher),
    identityHeaders:
      delta.identityHeaders === undefined
        ? previous.identityHeaders
        : new Set(table.identityHeaders.map(normaliseHeaderName)),
  };
}
