/** Decodes `v1` ConfigMap: its entries of text. */

import { z } from 'zod';

import type { ConfigMapObject } from '../model/objects.ts';
import { decodeBody, type BodyDecoder } from './body.ts';

const configMapSchema = z.object({ data: z.record(z.string(), z.string()).nullish() });

export const decodeConfigMap: BodyDecoder<ConfigMapObject> = (raw) =>
  decodeBody(configMapSchema, raw, ({ data }) => ({ data: data ?? {} }));
