/**
 * Decodes `v1` Secret: its entries that are UTF-8 text. A certificate and its key must be text; of what else a Secret
 * holds, such as a Java key store, nothing is kept.
 */

import { z } from 'zod';

import type { SecretObject } from '../model/objects.ts';
import { Redacted } from '../model/redacted.ts';
import type { BodyDecoder } from './body.ts';
import { isRawObject, type RawObject } from './metadata.ts';

export const TLS_SECRET_TYPE = 'kubernetes.io/tls';
const TLS_ENTRIES: readonly string[] = ['tls.crt', 'tls.key'];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const typeSchema = z.object({ type: z.string().nullish() });

export const decodeSecret: BodyDecoder<SecretObject> = (raw) => {
  const parsed = typeSchema.safeParse(raw);
  if (!parsed.success) return { kind: 'invalid', faults: [{ path: 'type', message: 'must be a string' }] };
  const type = parsed.data.type ?? 'Opaque';
  const entries = entriesOf(raw);
  if (type === TLS_SECRET_TYPE) {
    const broken = TLS_ENTRIES.find((name) => entries.has(name) && entries.get(name) === undefined);
    if (broken !== undefined) {
      return {
        kind: 'invalid',
        faults: [{ path: `data.${broken}`, message: 'must be base64 of UTF-8 text' }],
      };
    }
  }
  const texts = [...entries].filter((entry): entry is [string, string] => entry[1] !== undefined);
  const data = Object.fromEntries(texts.map(([name, text]) => [name, new Redacted(text)]));
  return { kind: 'valid', value: { type, data } };
};

/** `stringData` wins over `data`, as it does in the API server. An entry that is not text is `undefined`. */
function entriesOf(raw: RawObject): ReadonlyMap<string, string | undefined> {
  const decoded = fieldsOf(raw['data']).map(([name, value]) => [name, decodeBase64(value)] as const);
  const plain = fieldsOf(raw['stringData']).map(
    ([name, value]) => [name, typeof value === 'string' ? value : undefined] as const,
  );
  return new Map([...decoded, ...plain]);
}

function fieldsOf(entries: unknown): readonly (readonly [string, unknown])[] {
  return isRawObject(entries) ? Object.entries(entries) : [];
}

function decodeBase64(encoded: unknown): string | undefined {
  if (typeof encoded !== 'string') return undefined;
  // YAML block scalars wrap long lines.
  const compact = encoded.replace(/[\r\n ]/g, '');
  if (!BASE64.test(compact)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(compact, 'base64'));
  } catch {
    return undefined;
  }
}
