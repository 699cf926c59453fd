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
import { compareTexts } from './order.ts';
import type { Report, Told } from './problem-list.ts';

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
  for (const slice of slices.values()) {
    if (!isUsable(slice)) continue;
    const key = objectKey({ namespace: slice.meta.namespace, name: slice.value.serviceName ?? '' });
    const known = index.get(key);
    if (known === undefined) index.set(key, [slice]);
    else known.push(slice);
  }
  return index;
});

/** Those that are ready; where none is, those that still serve while they terminate. */
export function endpointsOf(
  slices: readonly Slice[],
  port: ServicePort,
  allowLoopback: boolean,
): MergedEndpoints {
  const told: ToldOfSlice[] = [];
  const ready = new Map<string, Endpoint>();
  const leaving = new Map<string, Endpoint>();
  for (const { meta, value } of slices) {
    const report: Report = (field, cause) => told.push({ meta, field, cause });
    for (const number of portNumbers(value, port)) {
      value.endpoints.forEach(({ addresses, ready: isReady, serving, terminating }, index) => {
        const target = isReady ? ready : serving && terminating ? leaving : undefined;
        if (target === undefined) return;
        const address = addressOf(value.addressType, addresses, index, { report, allowLoopback });
        if (address !== undefined) target.set(`${address} ${number}`, { address, port: number });
      });
    }
  }
  const chosen = ready.size > 0 ? ready : leaving;
  const endpoints = [...chosen.values()].sort(
    (a, b) => compareTexts(a.address, b.address) || a.port - b.port,
  );
  return { endpoints, told };
}

function isUsable(slice: Decoded<EndpointSliceObject>): slice is Extract<typeof slice, Slice> {
  return slice.kind === 'valid' && slice.value.serviceName !== undefined;
}

/** By name, for each slice on its own: pods of one Service may give the same name to different numbers. */
function portNumbers({ ports }: EndpointSliceObject, servicePort: ServicePort): ReadonlySet<number> {
  const matching = ports.filter(
    ({ name, protocol }) => (name ?? '') === (servicePort.name ?? '') && protocol === 'TCP',
  );
  return new Set(matching.flatMap(({ port }) => (port === undefined ? [] : [port])));
}

/** Only the first address counts: further ones have no meaning (discovery/v1, Endpoint). */
function addressOf(
  addressType: EndpointSliceObject['addressType'],
  [first]: readonly string[],
  index: number,
  { report, allowLoopback }: { readonly report: Report; readonly allowLoopback: boolean },
): string | undefined {
  const invalid = (where: string, message: string): undefined => {
    report(where, { reason: 'InvalidEndpoint', message });
    return undefined;
  };
  if (addressType === 'FQDN') return invalid('addressType', 'must be IPv4 or IPv6, found "FQDN"');
  if (first === undefined) return invalid(`endpoints[${index}].addresses`, 'must hold an address');
  const judged = judgeAddress(first, addressType, allowLoopback);
  return judged.kind === 'usable'
    ? judged.address
    : invalid(`endpoints[${index}].addresses[0]`, judged.message);
}
