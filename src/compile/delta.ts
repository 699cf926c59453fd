/** The difference between two routing tables: what crosses to the proxy threads. */

import type { RoutingTable } from '../model/table.ts';
import { isSameJson } from './same-json.ts';

/** Replaced and removed entries of one section of the table. */
export interface SectionDelta<T> {
  readonly set: Readonly<Record<string, T>>;
  readonly removed: readonly string[];
}

/** PEM private keys of what a delta sets, by `namespace/name` of the Secret. In the clear: they cross within the process only. */
export interface DeltaKeys {
  /** Of certificates for callers. */
  readonly certificateKeys: Readonly<Record<string, string>>;
  /** Of client certificates of backends. */
  readonly backendKeys: Readonly<Record<string, string>>;
}

export interface TableDelta {
  readonly hosts: SectionDelta<RoutingTable['hosts'][string]>;
  readonly plans: SectionDelta<RoutingTable['plans'][string]>;
  readonly options: SectionDelta<RoutingTable['options'][string]>;
  readonly backends: SectionDelta<RoutingTable['backends'][string]>;
  readonly certificates: SectionDelta<RoutingTable['certificates'][string]>;
  /** Present where it changed; `route: undefined` removes it. */
  readonly defaultRoute: { readonly route: RoutingTable['defaultRoute'] } | undefined;
  /** Present where it changed; `key: undefined` means a self-signed one. */
  readonly defaultCertificate: { readonly key: RoutingTable['defaultCertificate'] } | undefined;
  readonly identityHeaders: readonly string[] | undefined;
}

/** Entries that say the same are left out, though they were compiled anew. */
export function diffTables(previous: RoutingTable, next: RoutingTable): TableDelta {
  const hasSameDefault = isSameJson(previous.defaultRoute, next.defaultRoute);
  const hasSameHeaders = isSameJson(previous.identityHeaders, next.identityHeaders);
  return {
    hosts: diffSection(previous.hosts, next.hosts),
    plans: diffSection(previous.plans, next.plans),
    options: diffSection(previous.options, next.options),
    backends: diffSection(previous.backends, next.backends),
    certificates: diffSection(previous.certificates, next.certificates),
    defaultRoute: hasSameDefault ? undefined : { route: next.defaultRoute },
    defaultCertificate:
      previous.defaultCertificate === next.defaultCertificate ? undefined : { key: next.defaultCertificate },
    identityHeaders: hasSameHeaders ? undefined : next.identityHeaders,
  };
}

/** `applyDelta(a, diffTables(a, b))` equals `b`. Entries that did not change keep their identity. */
export function applyDelta(table: RoutingTable, delta: TableDelta): RoutingTable {
  return {
    hosts: applySection(table.hosts, delta.hosts),
    defaultRoute: delta.defaultRoute === undefined ? table.defaultRoute : delta.defaultRoute.route,
    plans: applySection(table.plans, delta.plans),
    options: applySection(table.options, delta.options),
    backends: applySection(table.backends, delta.backends),
    certificates: applySection(table.certificates, delta.certificates),
    defaultCertificate:
      delta.defaultCertificate === undefined ? table.defaultCertificate : delta.defaultCertificate.key,
    identityHeaders: delta.identityHeaders ?? table.identityHeaders,
  };
}

type Section<T> = Readonly<Record<string, T>>;

function diffSection<T>(previous: Section<T>, next: Section<T>): SectionDelta<T> {
  if (previous === next) return { set: {}, removed: [] };
  const changed = Object.keys(next).filter((key) => !isSameJson(previous[key], next[key]));
  return {
    set: Object.fromEntries(changed.flatMap((key) => entryOf(next, key))),
    removed: Object.keys(previous).filter((key) => !Object.hasOwn(next, key)),
  };
}

function entryOf<T>(section: Section<T>, key: string): readonly (readonly [string, T])[] {
  const entry = section[key];
  return entry === undefined ? [] : [[key, entry]];
}

/** Entries that are kept keep their place, those that are replaced too. */
export function applySection<T>(section: Section<T>, { set, removed }: SectionDelta<T>): Section<T> {
  const gone = new Set(removed);
  const isSame = gone.size === 0 && Object.keys(set).length === 0;
  if (isSame) return section;
  return Object.assign(omit(section, gone), set);
}

/**
 * A copy, key by key: for the thousands of hosts of a large table that takes half as long as a spread, and it is a proxy
 * thread that waits for it.
 */
function omit<T>(section: Section<T>, gone: ReadonlySet<string>): Record<string, T> {
  const copy: Record<string, T> = {};
  for (const key in section) {
    const entry = section[key];
    if (entry !== undefined && !gone.has(key)) copy[key] = entry;
  }
  return copy;
}
