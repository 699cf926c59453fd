/** Compiles the Ingresses of each namespace; those of a namespace in which nothing changed are what they were. */

import type { ObjectKey, Snapshot } from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import type { Backend, BackendKey } from '../model/table.ts';
import { createBackendResolver, type Resolution } from './backends.ts';
import { indexSlices, type SliceIndex } from './endpoints.ts';
import { changedKeys, keepList, memoizeByInputs, type Findings } from './memoize.ts';
import { reporterOf, type OwnIngress, type OwnIngresses } from './own-ingresses.ts';
import { createProblemList, createRecorder, tellAll } from './problem-list.ts';
import type { CompileOptions } from './result.ts';
import { replaceEntries } from './section.ts';
import { policyNamedBy, serveIngress, type IngressOutcome, type Surroundings } from './serve-ingress.ts';

export interface ServedIngresses {
  /** Of all Ingresses, in their order; the same object for as long as it holds the same. */
  readonly outcomes: readonly IngressOutcome[];
  /** The same; the list of a namespace, too, is the same object for as long as it holds the same. */
  readonly byNamespace: readonly (readonly IngressOutcome[])[];
  readonly problems: readonly Problem[];
  /** Of the backends that Ingresses name, those with these keys, in their order; the same object while none changes. */
  readonly pickBackends: (keys: readonly BackendKey[]) => Readonly<Record<BackendKey, Backend>>;
}

interface ServedNamespace {
  readonly ingresses: readonly OwnIngress[];
  readonly outcomes: readonly IngressOutcome[];
  readonly findings: Findings<Resolution>;
  readonly problems: readonly Problem[];
  /** Those that its Ingresses name. */
  readonly policies: ReadonlySet<ObjectKey>;
}

interface Run extends ServedIngresses {
  readonly surroundings: Surroundings;
  readonly namespaces: ReadonlyMap<string, ServedNamespace>;
}

export function serveNamespaces(ingresses: OwnIngresses, surroundings: Surroundings): ServedIngresses {
  const last = runs.get(surroundings.options);
  const run = serveAll(ingresses, surroundings, last);
  runs.set(surroundings.options, run);
  return run;
}

/** The last one for each object of options. */
const runs = new WeakMap<CompileOptions, Run>();

function serveAll(
  { own, byNamespace }: OwnIngresses,
  surroundings: Surroundings,
  last: Run | undefined,
): Run {
  const { snapshot, options } = surroundings;
  const isCurrent = currencyOf(surroundings, last);
  const namespaces = new Map<string, ServedNamespace>();
  const stale = new Map<string, readonly OwnIngress[]>();
  for (const [namespace, list] of byNamespace) {
    const known = last?.namespaces.get(namespace);
    if (known !== undefined && isCurrent(namespace, known, list)) namespaces.set(namespace, known);
    else stale.set(namespace, list);
  }
  const slices = indexSlices(snapshot.endpointSlices, {
    allowLoopback: options.allowLoopbackEndpoints,
    isWanted: (namespace) => stale.has(namespace),
  });
  for (const [namespace, list] of stale) {
    namespaces.set(namespace, serveOne(list, { ...surroundings, slices }, last?.namespaces.get(namespace)));
  }
  const all = [...namespaces.values()];
  return {
    surroundings,
    namespaces,
    outcomes: keepList(last?.outcomes, inOrderOf(own, namespaces)),
    byNamespace: all.map(({ outcomes }) => outcomes),
    problems: all.flatMap(({ problems }) => problems),
    pickBackends: (keys) => pick(keys, namespaces, options),
  };
}

type IsCurrent = (namespace: string, served: ServedNamespace, now: readonly OwnIngress[]) => boolean;

/** Tells whether what was served of a namespace can be served again. An Ingress reads nothing of other namespaces but policies. */
function currencyOf(now: Surroundings, last: Run | undefined): IsCurrent {
  if (last === undefined || last.surroundings.owners !== now.owners) return () => false;
  const changed = changedNamespaces(last.surroundings.snapshot, now.snapshot);
  const policies = changedKeys(last.surroundings.policies, now.policies);
  return (namespace, served, ingresses) =>
    served.ingresses === ingresses &&
    !changed.has(namespace) &&
    !policies.some((key) => served.policies.has(key));
}

function changedNamespaces(before: Snapshot, now: Snapshot): ReadonlySet<string> {
  const changed = new Set(changedKeys(before.namespaces, now.namespaces));
  for (const kind of ['services', 'endpointSlices', 'secrets', 'configMaps'] as const) {
    for (const key of changedKeys<ObjectKey>(before[kind], now[kind])) changed.add(namespaceOf(key));
  }
  return changed;
}

function namespaceOf(key: ObjectKey): string {
  return key.slice(0, key.indexOf('/'));
}

function serveOne(
  ingresses: readonly OwnIngress[],
  { slices, ...surroundings }: Surroundings & { readonly slices: SliceIndex },
  last: ServedNamespace | undefined,
): ServedNamespace {
  const { snapshot, options } = surroundings;
  const sources = { services: snapshot.services, slices, options };
  const { resolve, findings } = createBackendResolver(sources, last?.findings);
  const context = { ...surroundings, resolveBackend: resolve, recorder: createRecorder() };
  const problems = createProblemList();
  const policies = new Set<ObjectKey>();
  const served = ingresses.map((ingress) => {
    const outcome = serveIngress(ingress, context);
    const policy = policyNamedBy(ingress);
    if (policy !== undefined) policies.add(policy);
    if (outcome.told.length > 0) tellAll(outcome.told, reporterOf(ingress, problems));
    return outcome;
  });
  for (const { result } of findings.values()) {
    for (const { meta, field, cause } of result.told) {
      problems.reporterFor('EndpointSlice', meta)(field, cause);
    }
  }
  const outcomes = keepList(last?.outcomes, served);
  return { ingresses, outcomes, findings, problems: problems.sorted(), policies };
}

/** The Ingresses of a namespace are in the same order among themselves. */
function inOrderOf(
  own: readonly OwnIngress[],
  namespaces: ReadonlyMap<string, ServedNamespace>,
): readonly IngressOutcome[] {
  const rests = new Map([...namespaces].map(([name, { outcomes }]) => [name, outcomes.values()]));
  const ordered: IngressOutcome[] = [];
  for (const { meta } of own) {
    const next = rests.get(meta.namespace)?.next();
    if (next?.done === false) ordered.push(next.value);
  }
  return ordered;
}

interface Picked {
  readonly keys: readonly BackendKey[];
  readonly namespaces: Run['namespaces'];
  readonly backends: Readonly<Record<BackendKey, Backend>>;
}

function pick(
  keys: Picked['keys'],
  namespaces: Run['namespaces'],
  options: CompileOptions,
): Picked['backends'] {
  const picked = rememberPicked(options, [keys, namespaces], (last) => {
    const isSame = last !== undefined && last.keys === keys;
    const backends = isSame ? pickChanged(last, namespaces) : pickAll(keys, namespaces);
    return { keys, namespaces, backends };
  });
  return picked.backends;
}

const rememberPicked = memoizeByInputs<CompileOptions, Picked>();

/** The keys are the same, and each of them is that of a backend still, or no route would refer to it. */
function pickChanged({ namespaces: before, backends }: Picked, now: Run['namespaces']): Picked['backends'] {
  const set: Record<BackendKey, Backend> = {};
  now.forEach(({ findings }, namespace) => {
    const known = before.get(namespace)?.findings;
    if (known === findings) return;
    findings.forEach(({ result: { resolved } }, key) => {
      if (resolved.kind !== 'backend' || !Object.hasOwn(backends, key)) return;
      if (resolved.backend !== backends[key]) set[key] = resolved.backend;
    });
  });
  return replaceEntries(backends, set);
}

function pickAll(keys: Picked['keys'], namespaces: Run['namespaces']): Picked['backends'] {
  const picked: Record<BackendKey, Backend> = {};
  for (const key of keys) {
    const resolved = namespaces.get(namespaceOf(key))?.findings.get(key)?.result.resolved;
    if (resolved?.kind === 'backend') picked[key] = resolved.backend;
  }
  return picked;
}
