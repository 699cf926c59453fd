/** Compiles one Ingress: what protects it, what its routes ask for, where they lead. Remembered while nothing changes. */

import { annotation } from '../model/annotations.ts';
import type { IngressBackend, IngressObject, ObjectKey, Snapshot } from '../model/objects.ts';
import { objectKey } from '../model/objects.ts';
import type { RouteOptions } from '../model/route-options.ts';
import { annotationField, readAnnotations, type IngressAnnotations } from './annotations/read-annotations.ts';
import type { ResolvedBackend } from './backends.ts';
import { diallingOf, type Dialling } from './dialling.ts';
import { parseHost } from './hosts.ts';
import {
  declareRoutes,
  type DeclaredRoutes,
  type RouteTargets,
  type ServedIngress,
} from './ingress-routes.ts';
import { memoizeByInputs, memoizeByObject } from './memoize.ts';
import type { OwnIngress } from './own-ingresses.ts';
import type { JudgedPolicy } from './policies.ts';
import { recordReports, tellAll, type Cause, type Told } from './problem-list.ts';
import { protectionOf } from './protection.ts';
import type { CompileOptions } from './result.ts';
import { routeOptions } from './route-options.ts';

export interface ServingContext extends RouteTargets {
  readonly policies: ReadonlyMap<ObjectKey, JudgedPolicy>;
  readonly snapshot: Snapshot;
  readonly options: CompileOptions;
}

export interface IngressOutcome {
  readonly ingress: ServedIngress;
  /** What `ingress.options` stands for. */
  readonly asked: RouteOptions | undefined;
  readonly declared: DeclaredRoutes;
  /** Every backend that it names, once. */
  readonly backends: readonly ResolvedBackend[];
}

interface RememberedOutcome extends IngressOutcome {
  readonly told: readonly Told[];
}

/** What one Ingress is compiled from, beside the context. */
interface Parts {
  readonly annotations: IngressAnnotations;
  readonly dialling: Dialling | Cause | undefined;
  readonly backends: readonly ResolvedBackend[];
}

const CA = annotation('backend-tls-ca');

/** Whether it means to serve beside the routes of others, even where it does not say well how. */
export function isCanary({ annotations }: IngressObject): boolean {
  return Object.hasOwn(annotations, annotation('canary'));
}

export function serveIngress(own: OwnIngress, context: ServingContext): IngressOutcome {
  const { meta, value, report } = own;
  const annotations = annotationsOf(value)(meta.namespace);
  const dialling =
    annotations.faults.length === 0 ? diallingOf(annotations.values, meta, context.snapshot) : undefined;
  const usable = dialling !== undefined && 'reason' in dialling ? undefined : dialling;
  const backends = backendsOf(value).map((backend) =>
    context.resolveBackend(backend, meta.namespace, usable),
  );
  const parts = { annotations, dialling, backends };
  const outcome = remember(value, inputsOf(own, parts, context), () => compileIngress(own, parts, context));
  tellAll(outcome.told, report);
  return outcome;
}

const remember = memoizeByInputs<IngressObject, RememberedOutcome>();

/** Everything that {@link compileIngress} reads beside the Ingress itself. */
function inputsOf(
  { meta, fault, value, classDefault }: OwnIngress,
  { annotations: { values }, dialling, backends }: Parts,
  { policies, snapshot, options, owners }: ServingContext,
): readonly unknown[] {
  const named =
    values.policy?.kind === 'policy'
      ? values.policy.key
      : classDefault.kind === 'policy'
        ? classDefault.key
        : undefined;
  return [
    meta,
    fault?.message,
    options,
    classDefault,
    named === undefined ? undefined : policies.get(named),
    snapshot.namespaces.get(meta.namespace),
    ...(dialling === undefined ? [] : Object.values(dialling)),
    ...backends.map((backend) => (backend.kind === 'backend' ? backend : backend.cause.message)),
    ...(options.hostOwnership === 'none'
      ? []
      : hostsOf(value).map((host) => owners.fault(host, meta.namespace)?.message)),
  ];
}

function compileIngress(
  { meta, value, fault: unreadable, classDefault }: OwnIngress,
  { annotations: { values, faults }, dialling, backends }: Parts,
  context: ServingContext,
): RememberedOutcome {
  const { report, told } = recordReports();
  for (const { annotation, cause } of faults) report(annotationField(annotation), cause);
  const isBroken = dialling !== undefined && 'reason' in dialling;
  if (isBroken) report(annotationField(CA), dialling);
  const fault = unreadable ?? (isBroken ? named(CA, dialling) : firstFault(faults));
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
  return { ingress, asked, declared: declareRoutes(ingress, context), backends, told };
}

const annotationsOf = memoizeByObject(({ annotations }: IngressObject) => {
  const known = new Map<string, IngressAnnotations>();
  return (namespace: string): IngressAnnotations => {
    const read = known.get(namespace) ?? readAnnotations(annotations, namespace);
    known.set(namespace, read);
    return read;
  };
});

/** Each Service port once. */
const backendsOf = memoizeByObject(({ rules, defaultBackend }: IngressObject): readonly IngressBackend[] => {
  const all = rules.flatMap(({ paths }) => (paths ?? []).map(({ backend }) => backend));
  const named = defaultBackend === undefined ? all : [...all, defaultBackend];
  return [...new Map(named.map((backend) => [JSON.stringify(backend), backend])).values()];
});

const hostsOf = memoizeByObject(({ rules }: IngressObject): readonly string[] =>
  rules
    .flatMap(({ host }) => {
      const declared = parseHost(host);
      const meant = declared.kind === 'valid' ? declared.host : declared.meant;
      return meant === undefined ? [] : [meant];
    })
    .concat(''),
);

function firstFault([first]: IngressAnnotations['faults']): Cause | undefined {
  return first && named(first.annotation, first.cause);
}

function named(name: string, { reason, message }: Cause): Cause {
  return { reason, message: `${name}: ${message}` };
}
