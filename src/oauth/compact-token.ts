/**
 * Tokens as the broker keeps them: a JWT takes half the memory without base64url and with its payload deflated. Nothing
 * of it is on the hot path: a thread asks the broker once for each token.
 */

import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** One byte a character; only {@link expandToken} can read it. */
export type CompactToken = string & { readonly __compact: never };

/** What payloads have in common, most frequent last. */
const DICTIONARY = Buffer.from(
  '"org_id":"org_"client_id":"jti":""permissions":["read:"https://","aud":["gty":"client-credentials","azp":"' +
    '@clients","aud":"https://api.","iat":17,"exp":17,"scope":"read: write:{"iss":"https://.eu.auth0.com/","sub":"',
);

const AS_IT_STANDS = '\u0000';
const DEFLATED = '\u0001';

/** Header, length of the payload in hexadecimal, payload, signature. Whatever is not of that form is kept as it stands. */
export function compactToken(token: string): CompactToken {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const packed = deflateRawSync(Buffer.from(payload, 'base64url'), { dictionary: DICTIONARY }).toString(
    'latin1',
  );
  const bytes = Buffer.from(signature, 'base64url').toString('latin1');
  const compact = `${DEFLATED}${header}.${packed.length.toString(16)}.${packed}${bytes}` as CompactToken;
  // What is not canonical base64url would come back as another token.
  return expandToken(compact) === token ? compact : ((AS_IT_STANDS + token) as CompactToken);
}

/** @returns the token, byte for byte. */
export function expandToken(compact: CompactToken): string {
  if (compact.startsWith(AS_IT_STANDS)) return compact.slice(1);
  const headerEnd = compact.indexOf('.');
  const lengthEnd = compact.indexOf('.', headerEnd + 1);
  const payloadEnd = lengthEnd + 1 + Number.parseInt(compact.slice(headerEnd + 1, lengthEnd), 16);
  const packed = Buffer.from(compact.slice(lengthEnd + 1, payloadEnd), 'latin1');
  const payload = inflateRawSync(packed, { dictionary: DICTIONARY }).toString('base64url');
  const signature = Buffer.from(compact.slice(payloadEnd), 'latin1').toString('base64url');
  return `${compact.slice(1, headerEnd)}.${payload}.${signature}`;
}
