/** Decodes `v1` Namespace: its labels, by which policies select whom they serve. */

import type { NamespaceObject } from '../model/objects.ts';
import type { BodyDecoder } from './body.ts';

export const decodeNamespace: BodyDecoder<NamespaceObject> = (_raw, { labels }) => ({
  kind: 'valid',
  value: { labels },
});
