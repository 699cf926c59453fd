/** Decodes `discovery.k8s.io/v1` EndpointSlice, the most frequent object of all. */

import { z } from 'zod';

import type { EndpointSliceObject } from '../model/objects.ts';
import { decodeBody, type BodyDecoder } from './body.ts';
import { portNumber } from './port-number.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

const endpointSchema = z.object({
  addresses: z.array(z.string()),
  conditions: z
    .object({
      ready: z.boolean().nullish(),
      serving: z.boolean().nullish(),
      terminating: z.boolean().nullish(),
    })
    .nullish(),
});

const endpointSliceSchema = z.object({
  addressType: z.enum(['IPv4', 'IPv6', 'FQDN']),
  ports: z
    .array(
      z.object({ name: z.string().nullish(), port: portNumber.nullish(), protocol: z.string().nullish() }),
    )
    .nullish(),
  endpoints: z.array(endpointSchema).nullish(),
});

export const decodeEndpointSlice: BodyDecoder<EndpointSliceObject> = (raw, { labels }) =>
  decodeBody(endpointSliceSchema, raw, ({ addressType, ports, endpoints }) => ({
    serviceName: labels[SERVICE_NAME_LABEL],
    addressType,
    ports: (ports ?? []).map(({ name, port, protocol }) => ({
      // The API server serves an unnamed port as the empty name.
      name: name ? name : undefined,
      port: port ?? undefined,
      protocol: protocol ? protocol : 'TCP',
    })),
    endpoints: (endpoints ?? []).map(({ addresses, conditions }) => ({
      addresses,
      ready: conditions?.ready ?? true,
      serving: conditions?.serving ?? true,
      terminating: conditions?.terminating ?? false,
    })),
  }));
