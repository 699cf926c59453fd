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

/** What one slice says by itself: the same object for as long as the slice does not change. */
export interface ReadSlice {
  readonly service: ObjectKey;
  /** Of TCP. */
  readonly ports: readonly OfferedPort[];
  readonly told: readonly ToldOfSlice[];
}

interface OfferedPort {
  /** Empty where the port has none. */
  readonly name: string;
  readonly ready: readonly Endpoint[];
  /** Those that still serve while they terminate. */
  readonly leaving: readonly Endpoint[];
}

/** By `namespace/name` of the Service. */
export type SliceIndex = ReadonlyMap<ObjectKey, readonly ReadSlice[]>;

/** Something wrong with a slice. */
export interface ToldOfSlice extends Told {
  readonly meta: ObjectMeta;
}

export interface MergedEndpoints {
  /** Sorted by address and port. */
  readonly endpoints: readonly Endpoint[];
  readonly told: readonly ToldOfSlice[];
}

type ValidSlice = Extract<Decoded<EndpointSliceObject>, { readonly kind: 'valid' }>;

/** Reads one slice as {@link indexSlices} asks for it where no loopback address is allowed. */
export const readSlice = memoizeByObject((slice: ValidSlice) => readOne(slice, false));
const readWithLoopback = memoizeByObject((slice: ValidSlice) => readOne(slice, true));

export interface IndexOptions {
  readonly allowLoopback: boolean;
  /** Whether the slices of a namespace are wanted. */
  readonly isWanted: (namespace: string) => boolean;
}

/** Reads what is not read yet. */
export function indexSlices(
  slices: Snapshot['endpointSlices'],
  { allowLoopback, isWanted }: IndexOptions,
): SliceIndex {
  const read = allowLoopback ? readWithLoopback : readSlice;
  const index = new Map<ObjectKey, ReadSlice[]>();
  slices.forEach((decoded) => {
    // A slice without the label is of no Service.
    if (decoded.kind !== 'valid' || decoded.value.serviceName === undefined) return;
    if (!isWanted(decoded.meta.namespace)) return;
    const slice = read(decoded);
    const known = index.get(slice.service);
    if (known === undefined) index.set(slice.service, [slice]);
    else known.push(slice);
  });
  return index;
}

/** Those that are ready; where none is, those that still serve while they terminate. */
export function endpointsOf(slices: readonly ReadSlice[], { name = '' }: ServicePort): MergedEndpoints {
  const told: ToldOfSlice[] = [];
  for (const slice of slices) {
    if (slice.told.length > 0 && slice.ports.some((port) => port.name === name)) told.push(...slice.told);
  }
  const ready = gather(slices, name, 'ready');
  return { endpoints: ready.length > 0 ? ready : gather(slices, name, 'leaving'), told };
}

/** By name, for each slice on its own: pods of one Service may give the same name to different numbers. */
function gather(slices: readonly ReadSlice[], name: string, state: 'ready' | 'leaving'): readonly Endpoint[] {
  let found: readonly Endpoint[] = NONE;
  for (const { ports } of slices) {
    for (const port of ports) {
      // Most Services have one slice: its list is taken as it is.
      if (port.name === name) found = found.length === 0 ? port[state] : found.concat(port[state]);
    }
  }
  return distinct(found);
}

const NONE: readonly Endpoint[] = [];

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

function readOne({ meta, value }: ValidSlice, allowLoopback: boolean): ReadSlice {
  const { serviceName = '', addressType, ports, endpoints } = value;
  const told: ToldOfSlice[] = [];
  const ready: string[] = [];
  const leaving: string[] = [];
  endpoints.forEach(({ addresses, ready: isReady, serving, terminating }, index) => {
    const target = isReady ? ready : serving && terminating ? leaving : undefined;
    if (target === undefined) return;
    // Further addresses have no meaning (discovery/v1, Endpoint).
    const address = addressOf(addressType, addresses[0], index, allowLoopback);
    if (typeof address === 'object') told.push({ meta, ...address });
    else target.push(address);
  });
  const offered: OfferedPort[] = [];
  for (const { name = '', port, protocol } of ports) {
    if (protocol !== 'TCP' || port === undefined) continue;
    const at = (address: string): Endpoint => ({ address, port });
    offered.push({ name, ready: distinct(ready.map(at)), leaving: distinct(leaving.map(at)) });
  }
  return { service: objectKey({ namespace: meta.namespace, name: serviceName }), ports: offered, told };
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
