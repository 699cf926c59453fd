/** The difference between two routing tables: what crosses to the proxy threads. */

import type { RoutingTable } from '../model/table.ts';

/** Replaced and removed entries of one section of the table. */
export interface SectionDelta<T> {
  readonly set: Readonly<Record<string, T>>;
  readonly removed: readonly string[];
}

export interface TableDelta {
  readonly hosts: SectionDelta<RoutingTable['hosts'][string]>;
  readonly plans: SectionDelta<RoutingTable['plans'][string]>;
  readonly backends: SectionDelta<RoutingTable['backends'][string]>;
  readonly certificates: SectionDelta<RoutingTable['certificates'][string]>;
  /** Present where it changed; `route: undefined` removes it. */
  readonly defaultRoute: { readonly route: RoutingTable['defaultRoute'] } | undefined;
  readonly identityHeaders: readonly string[] | undefined;
}
