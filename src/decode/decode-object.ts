/** Turns one raw object, from the API or from a file, into the object that compile reads. */

import type { Fault } from '../model/faults.ts';
import { API_GROUP } from '../model/names.ts';
import type { Decoded, ObjectKind } from '../model/objects.ts';
import type { BodyDecoder } from './body.ts';
import { decodeConfigMap } from './config-map.ts';
import { decodeEndpointSlice } from './endpoint-slice.ts';
import { decodeIngressClass } from './ingress-class.ts';
import { decodeIngress } from './ingress.ts';
import { KINDS, OBJECT_KINDS, apiVersionOf, type ObjectValues } from './kinds.ts';
import { isRawObject, readMetadata, type RawObject } from './metadata.ts';
import { decodeNamespace } from './namespace.ts';
import { decodePolicy } from './policy.ts';
import { salvageIngress } from './salvage-ingress.ts';
import { decodeSecret } from './secret.ts';
import { decodeService } from './service.ts';

/** An object of one of the kinds that are read. */
export type DecodedObject = {
  [K in ObjectKind]: { readonly kind: K; readonly decoded: Decoded<ObjectValues[K]> };
}[ObjectKind];

/** Nothing can be kept: not even the name is readable. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly faults: readonly Fault[];
}

/** An object of a kind that this product does not read. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly apiVersion: string;
  readonly objectKind: string;
}

const DECODERS: { readonly [K in ObjectKind]: BodyDecoder<ObjectValues[K]> } = {
  Ingress: decodeIngress,
  IngressClass: decodeIngressClass,
  Service: decodeService,
  EndpointSlice: decodeEndpointSlice,
  Secret: decodeSecret,
  ConfigMap: decodeConfigMap,
  Namespace: decodeNamespace,
  OIDCPolicy: decodePolicy,
};

/** Decodes a whole manifest by its `apiVersion` and `kind`. `defaultNamespace` is for namespaced objects that name none. */
export function decodeObject(raw: unknown, defaultNamespace?: string): DecodedObject | Ignored | Unreadable {
  if (!isRawObject(raw)) return unreadable('', `must be a Kubernetes object, found ${nameOf(raw)}`);
  const { apiVersion, kind } = raw;
  if (typeof apiVersion !== 'string') return unreadable('apiVersion', notText(apiVersion));
  if (typeof kind !== 'string') return unreadable('kind', notText(kind));
  const known = OBJECT_KINDS.find((candidate) => candidate === kind);
  if (known !== undefined && apiVersionOf(known) === apiVersion)
    return decodeAs(known, raw, defaultNamespace);
  const wrong = wrongVersion(apiVersion, kind, known);
  return wrong === undefined ? { kind: 'ignored', apiVersion, objectKind: kind } : unreadable(...wrong);
}

/** Decodes an object whose kind the request that gave it says: the items of a List name none. */
export function decodeAs(
  kind: ObjectKind,
  raw: RawObject,
  defaultNamespace?: string,
): DecodedObject | Unreadable {
  const scope = KINDS[kind].isNamespaced
    ? ({ kind: 'namespaced', defaultNamespace } as const)
    : ({ kind: 'cluster' } as const);
  const read = readMetadata(raw, scope);
  if (read.kind === 'unreadable') return read;
  // Kind and decoder go together by construction of the table; the type system cannot follow that.
  const as = (decoded: Decoded<unknown>): DecodedObject => ({ kind, decoded }) as DecodedObject;
  if (read.kind === 'salvaged') {
    const salvaged = kind === 'Ingress' ? salvageIngress(raw, {}) : undefined;
    return as({ kind: 'invalid', meta: read.meta, faults: read.faults, salvaged });
  }
  return as({ ...DECODERS[kind](raw, read.metadata), meta: read.metadata.meta });
}

/** An object that is nearly one of ours: to ignore it would be to ignore what its author meant. */
function wrongVersion(
  apiVersion: string,
  kind: string,
  known: ObjectKind | undefined,
): readonly [path: string, message: string] | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  if (known !== undefined && (group === KINDS[known].group || group === 'extensions')) {
    return ['apiVersion', `"${apiVersion}" must be ${apiVersionOf(known)} for kind ${kind}`];
  }
  if (group === API_GROUP) return ['kind', `"${kind}" is not a kind of ${apiVersion}, expected OIDCPolicy`];
  return undefined;
}

function notText(value: unknown): string {
  return value === undefined ? 'must be set' : `must be a string, found ${nameOf(value)}`;
}

/** Not the value itself: nobody knows what it is. */
function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

function unreadable(path: string, message: string): Unreadable {
  return { kind: 'unreadable', faults: [{ path, message }] };
}
