/** What compile needs of one object by itself, done as soon as it is there: at the start thousands are new at once. */

import type { Decoded, EndpointSliceObject, IngressObject, ObjectKind } from '../model/objects.ts';
import { readSlice } from './endpoints.ts';
import { isReadable } from './own-ingresses.ts';
import { recall } from './serve-ingress.ts';

type Arrival =
  | { readonly kind: 'Ingress'; readonly decoded: Decoded<IngressObject> }
  | { readonly kind: 'EndpointSlice'; readonly decoded: Decoded<EndpointSliceObject> }
  | { readonly kind: Exclude<ObjectKind, 'Ingress' | 'EndpointSlice'> };

/** Changes nothing but when the work is done. */
export function readAhead(object: Arrival): void {
  if (object.kind === 'Ingress' && isReadable(object.decoded)) recall(object.decoded);
  if (object.kind === 'EndpointSlice' && object.decoded.kind === 'valid') readSlice(object.decoded);
}
