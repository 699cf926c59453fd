/** What compile needs of one object by itself, done as soon as it is there: at the start thousands are new at once. */

import type { Decoded, IngressObject } from '../model/objects.ts';
import { recall } from './serve-ingress.ts';

/** Changes nothing but when the work is done. */
export function readAhead(ingress: Decoded<IngressObject>): void {
  if (ingress.kind === 'valid') recall(ingress);
}
