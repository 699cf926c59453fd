/** Reads what an Ingress says beside its rules: what protects it, what its routes ask for, how its backends are spoken to. */

import { annotation } from '../model/annotations.ts';
import type { IngressObject, ObjectKey, Snapshot } from '../model/objects.ts';
import { objectKey } from '../model/objects.ts';
import type { RouteOptions } from '../model/route-options.ts';
import { annotationField, readAnnotations } from './annotations/read-annotations.ts';
import { diallingOf } from './dialling.ts';
import type { ServedIngress } from './ingress-routes.ts';
import { memoizeByObject } from './memoize.ts';
import type { OwnIngress } from './own-ingresses.ts';
import type { JudgedPolicy } from './policies.ts';
import type { Cause } from './problem-list.ts';
import { protectionOf } from './protection.ts';
import type { CompileOptions } from './result.ts';
import { routeOptions } from './route-options.ts';

interface ServingContext {
  readonly policies: ReadonlyMap<ObjectKey, JudgedPolicy>;
  readonly snapshot: Snapshot;
  readonly options: CompileOptions;
}

const CA = annotation('backend-tls-ca');

/** Whether it means to serve beside the routes of others, even where it does not say well how. */
export function isCanary({ annotations }: IngressObject): boolean {
  return Object.hasOwn(annotations, annotation('canary'));
}

/** `asked`: what `options` of the Ingress stands for. */
export function serveIngress(
  { meta, value, fault: unreadable, classDefault, report }: OwnIngress,
  { policies, snapshot, options }: ServingContext,
): { readonly ingress: ServedIngress; readonly asked: RouteOptions | undefined } {
  const { values, faults } = annotationsOf(value)(meta.namespace);
  for (const { annotation, cause } of faults) report(annotationField(annotation), cause);
  const dialling = faults.length === 0 ? diallingOf(values, meta, snapshot) : undefined;
  const isBroken = dialling !== undefined && 'reason' in dialling;
  if (isBroken) report(annotationField(CA), dialling);
  const fault = unreadable ?? (isBroken ? named(CA, dialling) : firstFault(faults));
  const subject = { meta, values, fault, report };
  const protection = protectionOf(subject, classDefault, { policies, namespaces: snapshot.namespaces });
  const asked = fault === undefined ? routeOptions(values, options) : undefined;
  return {
    ingress: {
      meta,
      value,
      values,
      protection,
      options: asked === undefined ? undefined : objectKey(meta),
      dialling: isBroken ? undefined : dialling,
      report,
    },
    asked,
  };
}

const annotationsOf = memoizeByObject(({ annotations }: IngressObject) => {
  const known = new Map<string, ReturnType<typeof readAnnotations>>();
  return (namespace: string) => {
    const read = known.get(namespace) ?? readAnnotations(annotations, namespace);
    known.set(namespace, read);
    return read;
  };
});

function firstFault([first]: readonly { readonly annotation: string; readonly cause: Cause }[]):
  | Cause
  | undefined {
  return first && named(first.annotation, first.cause);
}

function named(name: string, { reason, message }: Cause): Cause {
  return { reason, message: `${name}: ${message}` };
}
