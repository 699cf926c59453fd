/** Which series of metrics speak of what is no more, and can go. */

import type { CompileResult } from '../compile/result.ts';
import type { SeriesNames } from '../telemetry/samples.ts';

/** Long enough for every collector to have read the last value. */
const KEEP_MS = 10 * 60_000;

type NameKind = keyof SeriesNames;

const NONE: SeriesNames = { ingresses: [], services: [], policies: [], issuers: [] };
const KINDS = Object.keys(NONE) as readonly NameKind[];

export class SeriesUpkeep {
  readonly #forget: (names: SeriesNames) => void;
  readonly #nowMs: () => number;
  #served: CompileResult | undefined;
  #live = NONE;
  /** When names vanished that have not come back, by kind and name. */
  readonly #goneAtMs: Readonly<Record<NameKind, Map<string, number>>> = {
    ingresses: new Map(),
    services: new Map(),
    policies: new Map(),
    issuers: new Map(),
  };

  constructor(forget: (names: SeriesNames) => void, nowMs: () => number) {
    this.#forget = forget;
    this.#nowMs = nowMs;
  }

  /** Told of every result that is served. */
  applied(result: CompileResult): void {
    const live = namesIn(result, this.#served, this.#live);
    for (const kind of KINDS) if (live[kind] !== this.#live[kind]) this.#note(kind, new Set(live[kind]));
    this.#served = result;
    this.#live = live;
    this.sweep();
  }

  /** Forgets what has been gone for long enough; called before metrics are collected. */
  sweep(): void {
    const before = this.#nowMs() - KEEP_MS;
    const due = { ...NONE };
    for (const kind of KINDS) {
      due[kind] = [...this.#goneAtMs[kind]].filter(([, atMs]) => atMs <= before).map(([name]) => name);
      for (const name of due[kind]) this.#goneAtMs[kind].delete(name);
    }
    if (KINDS.some((kind) => due[kind].length > 0)) this.#forget(due);
  }

  #note(kind: NameKind, live: ReadonlySet<string>): void {
    const gone = this.#goneAtMs[kind];
    for (const name of this.#live[kind]) if (!live.has(name)) gone.set(name, this.#nowMs());
    for (const name of gone.keys()) if (live.has(name)) gone.delete(name);
  }
}

/** `known`: the names in `before`. After most changes the Ingresses, and the Services that routes lead to, are what they were. */
function namesIn(
  { table, policies, ingresses }: CompileResult,
  before: CompileResult | undefined,
  known: SeriesNames,
): SeriesNames {
  const plans = Object.values(policies).flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
  const hasSameRoutes =
    table.hosts === before?.table.hosts && table.defaultRoute === before.table.defaultRoute;
  return {
    ingresses:
      ingresses === before?.ingresses
        ? known.ingresses
        : ingresses.map(({ namespace, name }) => `${namespace}/${name}`),
    services:
      hasSameRoutes || table.backends === before?.table.backends
        ? known.services
        : unique(Object.values(table.backends).map(({ service }) => service)),
    policies: Object.keys(policies),
    issuers: unique(plans.map(({ provider }) => provider.issuer)),
  };
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
