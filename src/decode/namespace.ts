/** Decodes `v1` Namespace: its labels, by which policies select whom they serve, and whether it stays. */

import { z } from 'zod';

import type { NamespaceObject } from '../model/objects.ts';
import { decodeBody, type BodyDecoder } from './body.ts';

const namespaceSchema = z.object({ metadata: z.object({ deletionTimestamp: z.string().nullish() }) });

export const decodeNamespace: BodyDecoder<NamespaceObject> = (raw, { labels }) =>
  decodeBody(namespaceSchema, raw, ({ metadata }) => ({
    labels,
    isEnding: typeof metadata.deletionTimestamp === 'string',
  }));
