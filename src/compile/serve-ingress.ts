/** Compiles one Ingress: what protects it, what its routes ask for, where they lead. Remembered while nothing changes. */

import type { ObjectKey, Snapshot } from '../model/objects.ts';
import { objectKey } from '../model/objects.ts';
import type { RouteOptions } from '../model/route-options.ts';
import { foreignAnnotationFault } from './annotations/foreign-annotations.ts';
import { annotationField, type AnnotationFault } from './annotations/read-annotations.ts';
import type { ResolveBackend, ResolvedBackend } from './backends.ts';
import { diallingOf, NOTHING_ASKED, type AskedDialling } from './dialling.ts';
import type { HostOwners } from './host-owners.ts';
import { wantedHost } from './hosts.ts';
import { declareRoutes, type DeclaredRoutes, type ServedIngress } from './ingress-routes.ts';
import { memoizeByObject, rememberLast, type Memo } from './memoize.ts';
import { valueOf, type OwnIngress, type ReadableIngress } from './own-ingresses.ts';
import type { JudgedPolicy } from './policies.ts';
import type { Cause, Recorder, Told } from './problem-list.ts';
import { protectionOf } from './protection.ts';
import { readIngress, type ReadIngress } from './read-ingress.ts';
import type { CompileOptions } from './result.ts';
import { routeOptions } from './route-options.ts';

/** What all Ingresses are compiled from. */
export interface Surroundings {
  readonly policies: ReadonlyMap<ObjectKey, JudgedPolicy>;
  readonly snapshot: Snapshot;
  readonly options: CompileOptions;
  readonly owners: HostOwners;
}

export interface ServingContext extends Surroundings {
  readonly resolveBackend: ResolveBackend;
  readonly recorder: Recorder;
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
  readonly dialling: AskedDialling;
  /** Those of `read`. */
  readonly backends: readonly ResolvedBackend[];
}

export function serveIngress(own: OwnIngress, context: ServingContext): IngressOutcome {
  const { meta } = own;
  const { read, remember } = recall(own.decoded);
  const { faults, values } = read.annotations;
  const dialling = faults.length === 0 ? diallingOf(values, meta, context.snapshot) : NOTHING_ASKED;
  const backends = read.backends.map((backend) => context.resolveBackend(backend, dialling.dialling));
  const parts = { read, dialling, backends };
  return remember(inputsOf(own, parts, context), () => compileIngress(own, parts, context));
}

/** What is known of an object from earlier compiles. */
interface Recollection {
  readonly read: ReadIngress;
  readonly remember: Memo<IngressOutcome>;
}

export const recall = memoizeByObject((ingress: ReadableIngress): Recollection => ({
  read: readIngress(valueOf(ingress), ingress.meta.namespace),
  remember: rememberLast(),
}));

/** Everything that {@link compileIngress} reads beside the Ingress itself. Endpoints come and go without changing it. */
function inputsOf(
  own: OwnIngress,
  { read, dialling, backends }: Parts,
  { policies, snapshot, options, owners }: ServingContext,
): readonly unknown[] {
  const { meta, classDefault } = own;
  const named = policyNamedBy(own);
  const context: readonly unknown[] = [
    options,
    classDefault,
    named === undefined ? undefined : policies.get(named),
    snapshot.namespaces.get(meta.namespace),
  ];
  const inputs = context.concat(backends.map(stateOf));
  if (dialling.dialling !== undefined) inputs.push(...Object.values(dialling.dialling));
  for (const { cause } of dialling.faults) inputs.push(cause.message);
  if (options.hostOwnership === 'none') return inputs;
  for (const { host } of read.rules)
    inputs.push(owners.fault(wantedHost(host) ?? '', meta.namespace)?.message);
  inputs.push(owners.fault('', meta.namespace)?.message);
  return inputs;
}

/** By itself or by its class; whether it exists or not. */
export function policyNamedBy({ decoded, classDefault }: OwnIngress): ObjectKey | undefined {
  const chosen = recall(decoded).read.annotations.values.policy;
  const named = chosen?.kind === 'policy' ? chosen : classDefault;
  return named.kind === 'policy' ? named.key : undefined;
}

/** Its key follows from the Ingress. In words, for a cause need not be the same object. */
function stateOf(backend: ResolvedBackend): string | undefined {
  return (backend.kind === 'backend' ? backend.warning : backend.cause)?.message;
}

function compileIngress(
  own: OwnIngress,
  { read, dialling, backends }: Parts,
  { policies, snapshot, options, owners, recorder }: ServingContext,
): IngressOutcome {
  const { meta, classDefault } = own;
  const { values } = read.annotations;
  const faults = [...read.annotations.faults, ...dialling.faults];
  const { report } = recorder;
  for (const { annotation, cause } of faults) report(annotationField(annotation), cause);
  const fault = own.fault ?? firstFault(faults);
  const subject = { meta, values, fault, report };
  const protection = protectionOf(subject, classDefault, { policies, namespaces: snapshot.namespaces });
  const asked = fault === undefined ? routeOptions(values, options) : undefined;
  const key = asked === undefined ? undefined : objectKey(meta);
  const ingress: ServedIngress = { meta, values, protection, options: key };
  const foreign = foreignAnnotationFault(own.value.foreignAnnotations, protection);
  if (foreign !== undefined) report('metadata.annotations', foreign);
  const declared = declareRoutes(ingress, read, { backends, owners, report });
  return { own, ingress, asked, declared, told: recorder.take() };
}

function firstFault([first]: readonly AnnotationFault[]): Cause | undefined {
  if (first === undefined) return undefined;
  const { annotation, cause } = first;
  return { reason: cause.reason, message: `${annotation}: ${cause.message}` };
}
