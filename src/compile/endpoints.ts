/** Merges the EndpointSlices of a Service into the endpoints of one of its ports. */

import {
  objectKey,
  type Decoded,
  type EndpointSliceObject,
  type ObjectKey,
  type ObjectMeta,
} from '../model/objects.ts';
import type { ServicePort, Snapshot } from '../model/objects.ts';
import type { Endpoint } from '../model/table.ts';
import { judgeAddress } from './addresses.ts';
import { memoizeByObject } from './memoize.ts';
import { areDistinct, compareTexts, inOrder } from './order.ts';
import type { Told } from './problem-list.ts';

export interface Slice {
  readonly meta: ObjectMeta;
  readonly value: EndpointSliceObject;
}

/** By `namespace/name` of the Service. */
export type SliceIndex = ReadonlyMap<ObjectKey, readonly Slice[]>;

/** Something wrong with a slice. */
export interface ToldOfSlice extends Told {
  readonly meta: ObjectMeta;
}

export interface MergedEndpoints {
  /** Sorted by address and port. */
  readonly endpoints: readonly Endpoint[];
  readonly told: readonly ToldOfSlice[];
}

export const indexSlices = memoizeByObject((slices: Snapshot['endpointSlices']): SliceIndex => {
  const index = new Map<ObjectKey, Slice[]>();
  slices.forEach((slice) => {
    if (!isUsable(slice)) return;
    const key = objectKey({ namespace: slice.meta.namespace, name: slice.value.serviceName ?? '' });
    const known = index.get(key);
    if (known === undefined) index.set(key, [slice]);
    else known.push(slice);
  });
  return index;
});

/** Those that are ready; where none is, those that still serve while they terminate. */
export function endpointsOf(
  slices: readonly Slice[],
  port: ServicePort,
  allowLoopback: boolean,
): MergedEndpoints {
  const told: ToldOfSlice[] = [];
  const ready: Endpoint[] = [];
  const leaving: Endpoint[] = [];
  for (const { meta, value } of slices) {
    const { addressType, endpoints } = value;
    const numbers = portNumbers(value, port);
    if (numbers.length === 0) continue;
    endpoints.forEach(({ addresses, ready: isReady, serving, terminating }, index) => {
      const target = isReady ? ready : serving && terminating ? leaving : undefined;
      if (target === undefined) return;
      // Further addresses have no meaning (discovery/v1, Endpoint).
      const address = addressOf(addressType, addresses[0], index, allowLoopback);
      if (typeof address === 'object') told.push({ meta, ...address });
      else for (const number of numbers) target.push({ address, port: number });
    });
  }
  return { endpoints: distinct(ready.length > 0 ? ready : leaving), told };
}

/** In order, each once: a pod that moves between slices is in two of them for a while. */
function distinct(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const sorted = inOrder(endpoints, compareEndpoints);
  if (areDistinct(sorted, compareEndpoints)) return sorted;
  return sorted.filter((endpoint, at) => {
    const next = sorted[at + 1];
    return next === undefined || compareEndpoints(endpoint, next) !== 0;
  });
}

function compareEndpoints(a: Endpoint, b: Endpoint): number {
  return compareTexts(a.address, b.address) || a.port - b.port;
}

function isUsable(slice: Decoded<EndpointSliceObject>): slice is Extract<typeof slice, Slice> {
  return slice.kind === 'valid' && slice.value.serviceName !== undefined;
}

/** By name, for each slice on its own: pods of one Service may give the same name to different numbers. */
function portNumbers({ ports }: EndpointSliceObject, servicePort: ServicePort): readonly number[] {
  const numbers: number[] = [];
  for (const { name = '', port, protocol } of ports) {
    if (name !== (servicePort.name ?? '') || protocol !== 'TCP' || port === undefined) continue;
    if (!numbers.includes(port)) numbers.push(port);
  }
  return numbers;
}

/** @returns the address in canonical form, or why it cannot be used */
function addressOf(
  addressType: EndpointSliceObject['addressType'],
  text: string | undefined,
  index: number,
  allowLoopback: boolean,
): string | Told {
  if (addressType === 'FQDN') return invalid('addressType', 'must be IPv4 or IPv6, found "FQDN"');
  if (text === undefined) return invalid(`endpoints[${index}].addresses`, 'must hold an address');
  const judged = judgeAddress(text, addressType, allowLoopback);
  return judged.kind === 'usable'
    ? judged.address
    : invalid(`endpoints[${index}].addresses[0]`, judged.message);
}

function invalid(field: string, message: string): Told {
  return { field, cause: { reason: 'InvalidEndpoint', message } };
}
