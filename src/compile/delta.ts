/** The difference between two routing tables: what crosses to the proxy threads. */

import type { RoutingTable } from '../model/table.ts';
import { isSameJson } from './same-json.ts';
import { applySection, replacedSince, type Section, type SectionDelta } from './section.ts';

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

function diffSection<T>(previous: Section<T>, next: Section<T>): SectionDelta<T> {
  if (previous === next) return { set: {}, removed: [] };
  const replaced = replacedSince(previous, next);
  const changed = (replaced ?? Object.keys(next)).filter((key) => !isSameJson(previous[key], next[key]));
  return {
    set: Object.fromEntries(changed.flatMap((key) => entryOf(next, key))),
    removed: replaced === undefined ? Object.keys(previous).filter((key) => !Object.hasOwn(next, key)) : [],
  };
}

function entryOf<T>(section: Section<T>, key: string): readonly (readonly [string, T])[] {
  const entry = section[key];
  return entry === undefined ? [] : [[key, entry]];
}
