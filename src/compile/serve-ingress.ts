/** Compiles one Ingress: what protects it, what its routes ask for, where they lead. Remembered while nothing changes. */

import { annotation } from '../model/annotations.ts';
import type { IngressObject, ObjectKey, Snapshot } from '../model/objects.ts';
import { objectKey } from '../model/objects.ts';
import type { RouteOptions } from '../model/route-options.ts';
import { annotationField, readAnnotations, type IngressAnnotations } from './annotations/read-annotations.ts';
import { nameBackend, type NamedBackend, type ResolvedBackend } from './backends.ts';
import { diallingOf, type Dialling } from './dialling.ts';
import { parseHost } from './hosts.ts';
import {
  declareRoutes,
  type DeclaredRoutes,
  type RouteTargets,
  type ServedIngress,
} from './ingress-routes.ts';
import { memoizeByInputs } from './memoize.ts';
import type { OwnIngress } from './own-ingresses.ts';
import type { JudgedPolicy } from './policies.ts';
import { recordReports, type Cause, type Told } from './problem-list.ts';
import { protectionOf } from './protection.ts';
import type { CompileOptions } from './result.ts';
import { routeOptions } from './route-options.ts';

export interface ServingContext extends RouteTargets {
  readonly policies: ReadonlyMap<ObjectKey, JudgedPolicy>;
  readonly snapshot: Snapshot;
  readonly options: CompileOptions;
}

/** What an Ingress comes to; the same object for as long as nothing that it depends on changes. */
export interface IngressOutcome {
  readonly own: OwnIngress;
  readonly ingress: ServedIngress;
  /** What `ingress.options` stands for. */
  readonly asked: RouteOptions | undefined;
  readonly declared: DeclaredRoutes;
  readonly told: readonly Told[];
}

/** What one Ingress is compiled from, beside the context. */
interface Parts {
  readonly read: ReadIngress;
  readonly dialling: Dialling | Cause | undefined;
  readonly backends: readonly ResolvedBackend[];
}

const CA = annotation('backend-tls-ca');

/** `backends`: every one that the Ingress names, once. */
export function serveIngress(
  own: OwnIngress,
  context: ServingContext,
): { readonly outcome: IngressOutcome; readonly backends: readonly ResolvedBackend[] } {
  const { meta, value } = own;
  const read = readOnce(own);
  const { faults, values } = read.annotations;
  const dialling = faults.length === 0 ? diallingOf(values, meta, context.snapshot) : undefined;
  const usable = dialling !== undefined && 'reason' in dialling ? undefined : dialling;
  const backends = read.backends.map((backend) => context.resolveBackend(backend, usable));
  const parts = { read, dialling, backends };
  const outcome = remember(value, inputsOf(own, parts, context), () => compileIngress(own, parts, context));
  return { outcome, backends };
}

const remember = memoizeByInputs<IngressObject, IngressOutcome>();

/** Everything that {@link compileIngress} reads beside the Ingress itself. Endpoints come and go without changing it. */
function inputsOf(
  own: OwnIngress,
  { read, dialling, backends }: Parts,
  { policies, snapshot, options, owners }: ServingContext,
): readonly unknown[] {
  const { meta, classDefault } = own;
  const { policy } = read.annotations.values;
  const named = policy?.kind === 'policy' ? policy : classDefault;
  const inputs: unknown[] = [
    meta,
    own.fault?.message,
    options,
    classDefault,
    named.kind === 'policy' ? policies.get(named.key) : undefined,
    snapshot.namespaces.get(meta.namespace),
  ];
  if (dialling !== undefined) inputs.push(...Object.values(dialling));
  for (const backend of backends) {
    if (backend.kind === 'backend') inputs.push(backend.key, backend.warning?.message);
    else inputs.push(backend.cause.message);
  }
  if (options.hostOwnership === 'none') return inputs;
  for (const host of read.hosts) inputs.push(owners.fault(host, meta.namespace)?.message);
  return inputs;
}

function compileIngress(own: OwnIngress, { read, dialling }: Parts, context: ServingContext): IngressOutcome {
  const { meta, value, classDefault } = own;
  const { values, faults } = read.annotations;
  const { report, told } = recordReports();
  for (const { annotation, cause } of faults) report(annotationField(annotation), cause);
  const isBroken = dialling !== undefined && 'reason' in dialling;
  if (isBroken) report(annotationField(CA), dialling);
  const fault = own.fault ?? (isBroken ? named(CA, dialling) : firstFault(faults));
  const { policies, snapshot, options } = context;
  const subject = { meta, values, fault, report };
  const protection = protectionOf(subject, classDefault, { policies, namespaces: snapshot.namespaces });
  const asked = fault === undefined ? routeOptions(values, options) : undefined;
  const ingress: ServedIngress = {
    meta,
    value,
    values,
    protection,
    options: asked === undefined ? undefined : objectKey(meta),
    dialling: isBroken ? undefined : dialling,
    report,
  };
  return { own, ingress, asked, declared: declareRoutes(ingress, context), told };
}

interface ReadIngress {
  readonly annotations: IngressAnnotations;
  /** Each Service port once. */
  readonly backends: readonly NamedBackend[];
  /** Those that it may have to own; empty for any host. */
  readonly hosts: readonly string[];
}

/** Read once for each object, however the rest changes. */
function readOnce({ meta: { namespace }, value }: OwnIngress): ReadIngress {
  return rememberRead(value, [namespace], () => readIngress(value, namespace));
}

const rememberRead = memoizeByInputs<IngressObject, ReadIngress>();

function readIngress({ annotations, rules, defaultBackend }: IngressObject, namespace: string): ReadIngress {
  const paths = rules.flatMap(({ paths }) => (paths ?? []).map(({ backend }) => backend));
  const named = defaultBackend === undefined ? paths : [...paths, defaultBackend];
  const hosts = rules.flatMap(({ host }) => {
    const declared = parseHost(host);
    return (declared.kind === 'valid' ? declared.host : declared.meant) ?? [];
  });
  return {
    annotations: readAnnotations(annotations, namespace),
    backends: distinct(named.map((backend) => nameBackend(backend, namespace))),
    hosts: [...hosts, ''],
  };
}

function distinct(backends: readonly NamedBackend[]): readonly NamedBackend[] {
  if (backends.length < 2) return backends;
  const byLabel = new Map(
    backends.map((backend) => [backend.kind === 'port' ? backend.label : backend.description, backend]),
  );
  return [...byLabel.values()];
}

function firstFault([first]: IngressAnnotations['faults']): Cause | undefined {
  return first && named(first.annotation, first.cause);
}

function named(name: string, { reason, message }: Cause): Cause {
  return { reason, message: `${name}: ${message}` };
}
