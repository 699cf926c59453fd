/** Random sets of objects, good, odd and broken, that refer to one another often enough to matter. */

import * as fc from 'fast-check';

import type { CompileOptions } from '../../../src/compile/result.ts';
import type { ObjectKind } from '../../../src/model/objects.ts';
import { configMap, endpointSlice, secret, service } from './arbitrary-backing.ts';
import { ingress } from './arbitrary-ingress.ts';
import { ingressClass, namespace, policy } from './arbitrary-policy.ts';
import { PLACES } from './arbitrary-text.ts';

/** Where an object can be: a cluster has one of a kind and name. */
export interface Slot {
  readonly kind: ObjectKind;
  /** `undefined` for a cluster-scoped object. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** An object as its author writes it. */
export interface Manifest {
  readonly kind: ObjectKind;
  readonly metadata: Pick<Slot, 'namespace' | 'name'> & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

interface Row {
  readonly names: readonly string[];
  readonly isNamespaced: boolean;
  /** How often it is chosen. */
  readonly weight: number;
  readonly body: fc.Arbitrary<object>;
}

const ROWS: Readonly<Record<ObjectKind, Row>> = {
  Ingress: { names: ['web', 'api', 'old'], isNamespaced: true, weight: 10, body: ingress },
  IngressClass: { names: ['ours', 'second', 'theirs'], isNamespaced: false, weight: 5, body: ingressClass },
  Service: { names: ['web', 'api'], isNamespaced: true, weight: 6, body: service },
  EndpointSlice: { names: ['web-1', 'web-2', 'api-1'], isNamespaced: true, weight: 6, body: endpointSlice },
  Secret: { names: ['tls', 'ca'], isNamespaced: true, weight: 4, body: secret },
  ConfigMap: { names: ['ca'], isNamespaced: true, weight: 2, body: configMap },
  Namespace: { names: PLACES, isNamespaced: false, weight: 3, body: namespace },
  OIDCPolicy: { names: ['api', 'other'], isNamespaced: true, weight: 5, body: policy },
};

export const slot: fc.Arbitrary<Slot> = fc
  .oneof(
    ...Object.entries(ROWS).map(([kind, { weight }]) => ({
      weight,
      arbitrary: fc.constant(kind as ObjectKind),
    })),
  )
  .chain(slotFor);

export function slotFor(kind: ObjectKind): fc.Arbitrary<Slot> {
  const { isNamespaced, names } = ROWS[kind];
  return fc.record({
    kind: fc.constant(kind),
    namespace: isNamespaced ? fc.constantFrom(...PLACES) : fc.constant(undefined),
    name: fc.constantFrom(...names),
  });
}

export const manifest: fc.Arbitrary<Manifest> = slot.chain(manifestAt);

function manifestAt(place: Slot): fc.Arbitrary<Manifest> {
  return ROWS[place.kind].body.map((body) => placedAt(place, body));
}

/** The same object elsewhere. */
export function placedAt({ kind, namespace: place, name }: Slot, body: object): Manifest {
  const metadata = 'metadata' in body ? body.metadata : {};
  return { ...body, kind, metadata: { ...(metadata as object), namespace: place, name } };
}

export function slotText({ kind, namespace: place, name }: Slot): string {
  return place === undefined ? `${kind} ${name}` : `${kind} ${place}/${name}`;
}

export function slotOf({ kind, metadata: { namespace: place, name } }: Manifest): Slot {
  return { kind, namespace: place, name };
}

/** Of two with the same name only the first is kept, as in a cluster. */
export const manifests: fc.Arbitrary<readonly Manifest[]> = fc.uniqueArray(manifest, {
  maxLength: 40,
  selector: (object) => slotText(slotOf(object)),
});

export const compileOptions: fc.Arbitrary<CompileOptions> = fc.record({
  ingressClass: fc.constantFrom(undefined, undefined, 'ours', 'second'),
  watchIngressWithoutClass: fc.boolean(),
  allowInsecureIssuers: fc.boolean(),
  allowedIssuers: fc.constantFrom<readonly string[]>([], [], ['https://a.auth0.com/']),
  allowLoopbackEndpoints: fc.boolean(),
  allowExternalNames: fc.boolean(),
  sslRedirectByDefault: fc.boolean(),
  hostOwnership: fc.constantFrom('none', 'namespace'),
  defaultTlsSecret: fc.constantFrom(undefined, 'shop/tls', 'infra/ca', 'shop/gone'),
});
