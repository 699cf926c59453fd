/** Decodes `v1` Service: its type, its ports, and the name that one of type ExternalName stands for. */

import { z } from 'zod';

import type { ServiceObject } from '../model/objects.ts';
import { decodeBody, type BodyDecoder } from './body.ts';
import { portNumber } from './port-number.ts';

const serviceSchema = z.object({
  spec: z
    .object({
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).nullish(),
      externalName: z.string().nullish(),
      ports: z
        .array(
          z.object({
            name: z.string().nullish(),
            port: portNumber,
            protocol: z.string().nullish(),
            appProtocol: z.string().nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

export const decodeService: BodyDecoder<ServiceObject> = (raw) =>
  decodeBody(serviceSchema, raw, ({ spec }) => ({
    type: spec?.type ?? 'ClusterIP',
    externalName: spec?.externalName ?? undefined,
    ports: (spec?.ports ?? []).map(({ name, port, protocol, appProtocol }) => ({
      // Written by hand, the empty string is what the API server makes of it: nothing.
      name: name ? name : undefined,
      port,
      protocol: protocol ? protocol : 'TCP',
      appProtocol: appProtocol ?? undefined,
    })),
  }));
