/** Decodes `networking.k8s.io/v1` IngressClass. */

import { z } from 'zod';

import { DEFAULT_CLASS_ANNOTATION } from '../model/names.ts';
import type { IngressClassObject } from '../model/objects.ts';
import { decodeBody, type BodyDecoder } from './body.ts';

const ingressClassSchema = z.object({
  spec: z
    .object({
      controller: z.string().nullish(),
      parameters: z
        .object({
          apiGroup: z.string().nullish(),
          kind: z.string(),
          name: z.string(),
          namespace: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

export const decodeIngressClass: BodyDecoder<IngressClassObject> = (raw, { annotations }) =>
  decodeBody(ingressClassSchema, raw, ({ spec }) => ({
    controller: spec?.controller ?? '',
    isDefault: annotations[DEFAULT_CLASS_ANNOTATION] === 'true',
    parameters: spec?.parameters
      ? {
          apiGroup: spec.parameters.apiGroup ?? undefined,
          kind: spec.parameters.kind,
          name: spec.parameters.name,
          namespace: spec.parameters.namespace ?? undefined,
        }
      : undefined,
  }));
