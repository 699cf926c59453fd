/** The table that a proxy thread serves, with what is derived from it. */

import { applyDelta, type TableDelta } from '../compile/delta.ts';
import type { SectionDelta } from '../compile/section.ts';
import { normaliseHeaderName } from '../http/header-names.ts';
import { createMatcher, type Matcher } from '../match/matcher.ts';
import { emptyTable, type RoutingTable } from '../model/table.ts';

/** A request takes one, asks it for its route at once, and keeps it. */
export interface Routing {
  readonly table: RoutingTable;
  readonly matcher: Matcher;
  /** Normalised: lower-case, `-` for `_`. */
  readonly identityHeaders: ReadonlySet<string>;
}

const NO_CHANGE: SectionDelta<never> = { set: {}, removed: [] };

export function emptyRouting(): Routing {
  const table = emptyTable();
  return { table, matcher: createMatcher(table), identityHeaders: new Set() };
}

/**
 * Hosts and backends change in place, so that a change costs what it changes: a copy of thousands of them takes
 * milliseconds. No request sees it, for it has its route by the time that another task can run. What it asks for later,
 * plans and options, is as it was in `previous`.
 */
export function changedRouting(previous: Routing, delta: TableDelta): Routing {
  const { hosts, backends } = previous.table;
  changeInPlace(hosts, delta.hosts);
  changeInPlace(backends, delta.backends);
  const table = applyDelta(previous.table, { ...delta, hosts: NO_CHANGE, backends: NO_CHANGE });
  return {
    table,
    matcher: changesRoutes(delta) ? createMatcher(table, previous.matcher) : previous.matcher,
    identityHeaders:
      delta.identityHeaders === undefined
        ? previous.identityHeaders
        : new Set(table.identityHeaders.map(normaliseHeaderName)),
  };
}

/** A matcher knows of a table where hosts are, and what meets all others. */
function changesRoutes({ hosts, defaultRoute }: TableDelta): boolean {
  return defaultRoute !== undefined || hosts.removed.length > 0 || Object.keys(hosts.set).length > 0;
}

function changeInPlace<T>(section: Readonly<Record<string, T>>, { set, removed }: SectionDelta<T>): void {
  for (const key of removed) Reflect.deleteProperty(section, key);
  Object.assign(section, set);
}
