/**
 * Decodes `v1` Secret. Only the entries of `kubernetes.io/tls` that compile reads are kept; of any other Secret nothing
 * but its type is, so that no other secret stays in memory.
 */

import { z } from 'zod';

import type { Fault } from '../model/faults.ts';
import type { SecretObject } from '../model/objects.ts';
import { Redacted } from '../model/redacted.ts';
import type { Body, BodyDecoder } from './body.ts';
import type { RawObject } from './metadata.ts';

export const TLS_SECRET_TYPE = 'kubernetes.io/tls';
const TLS_ENTRIES: readonly string[] = ['tls.crt', 'tls.key'];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const typeSchema = z.object({ type: z.string().nullish() });

export const decodeSecret: BodyDecoder<SecretObject> = (raw) => {
  const parsed = typeSchema.safeParse(raw);
  if (!parsed.success) return invalid('type', 'must be a string');
  const type = parsed.data.type ?? 'Opaque';
  return type === TLS_SECRET_TYPE ? decodeTls(raw, type) : { kind: 'valid', value: { type, data: {} } };
};

/** `stringData` wins over `data`, as it does in the API server. */
function decodeTls(raw: RawObject, type: string): Body<SecretObject> {
  const data: Record<string, Redacted<string>> = {};
  for (const entry of TLS_ENTRIES) {
    const plain = entryOf(raw['stringData'], entry);
    const encoded = entryOf(raw['data'], entry);
    if (typeof plain === 'string') data[entry] = new Redacted(plain);
    else if (typeof encoded === 'string') {
      const text = decodeBase64(encoded);
      if (text === undefined) return invalid(`data.${entry}`, 'must be base64 of UTF-8 text');
      data[entry] = new Redacted(text);
    } else if (plain !== undefined || encoded !== undefined) {
      return invalid(`data.${entry}`, 'must be a string');
    }
  }
  return { kind: 'valid', value: { type, data } };
}

function entryOf(entries: unknown, name: string): unknown {
  if (typeof entries !== 'object' || entries === null) return undefined;
  return Object.hasOwn(entries, name) ? (entries as RawObject)[name] : undefined;
}

function decodeBase64(encoded: string): string | undefined {
  // YAML block scalars wrap long lines.
  const compact = encoded.replace(/[\r\n ]/g, '');
  if (!BASE64.test(compact)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(compact, 'base64'));
  } catch {
    return undefined;
  }
}

function invalid(
  path: string,
  message: string,
): { readonly kind: 'invalid'; readonly faults: readonly Fault[] } {
  return { kind: 'invalid', faults: [{ path, message }] };
}
