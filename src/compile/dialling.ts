/** How the annotations of one Ingress want its backends spoken to. */

import type { CaReference } from './annotations/backend.ts';
import type { AnnotationFault } from './annotations/read-annotations.ts';
import type { AnnotationValues } from './annotations/values.ts';
import { annotation, type AnnotationName } from '../model/annotations.ts';
import { objectKey, type ObjectKey, type ObjectMeta, type Snapshot } from '../model/objects.ts';
import type { Backend, BackendTls } from '../model/table.ts';
import { readCaBundle, type BundleReference } from './ca-bundle.ts';
import { readClientCertificate } from './client-certificates.ts';
import type { Cause } from './problem-list.ts';

export interface Dialling extends BackendTls {
  /** Of the Ingress: two that ask for different things need a backend each. */
  readonly owner: ObjectKey;
  /** `undefined`: as the port of the Service says. */
  readonly protocol: Backend['protocol'] | undefined;
}

export interface AskedDialling {
  /** `undefined` where nothing is asked, and where what is asked cannot be done. */
  readonly dialling: Dialling | undefined;
  /** By annotation. Where there is one, the routes refuse: with less than was asked no backend is called. */
  readonly faults: readonly AnnotationFault[];
}

export const NOTHING_ASKED: AskedDialling = { dialling: undefined, faults: [] };

/** The entry of the object that `backend-tls-ca` names. */
const CA_ENTRY = 'ca.crt';

function caReference({ kind, name }: CaReference, namespace: string): BundleReference {
  return { kind, namespace, name, entry: CA_ENTRY };
}

export function diallingOf(
  values: Partial<AnnotationValues>,
  meta: ObjectMeta,
  snapshot: Pick<Snapshot, 'secrets' | 'configMaps'>,
): AskedDialling {
  const protocol = values['backend-protocol'];
  const reference = values['backend-tls-ca'];
  const serverName = values['backend-tls-server-name'];
  const secret = values['backend-tls-client-certificate'];
  if ((protocol ?? reference ?? serverName ?? secret) === undefined) return NOTHING_ASKED;
  const { namespace } = meta;
  const bundle = reference && readCaBundle(caReference(reference, namespace), snapshot);
  const shown =
    secret === undefined
      ? undefined
      : readClientCertificate(objectKey({ namespace, name: secret }), snapshot.secrets);
  const faults = [
    ...(bundle?.kind === 'unusable' ? [fault('backend-tls-ca', bundle.cause)] : []),
    ...(shown?.kind === 'unusable' ? [fault('backend-tls-client-certificate', shown.cause)] : []),
  ];
  if (faults.length > 0) return { dialling: undefined, faults };
  const ca = bundle?.kind === 'valid' ? bundle.text : undefined;
  const clientCertificate = shown?.kind === 'valid' ? shown.certificate : undefined;
  return { dialling: { owner: objectKey(meta), protocol, ca, serverName, clientCertificate }, faults };
}

function fault(name: AnnotationName, cause: Cause): AnnotationFault {
  return { annotation: annotation(name), cause };
}
