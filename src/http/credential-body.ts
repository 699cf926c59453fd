/** Takes credentials from a request body, and removes them. */

import { formValues, withoutParameters } from './form.ts';
import { parseJsonObject, withoutMembers } from './json-object.ts';
import {
  credentialFault,
  NO_CREDENTIALS,
  presentedParameters,
  type ParameterNames,
  type TakenCredentials,
} from './presented.ts';

export interface CredentialBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export const MAX_CREDENTIAL_BODY_BYTES = 65_536;
export const CREDENTIALS_IN_LARGE_BODY = `a body that holds credentials must be at most ${MAX_CREDENTIAL_BODY_BYTES} bytes`;

const REPLACEMENT = '\ufffd';

/** Whether credentials may be read from a body of this type: a form or JSON, in UTF-8. */
export function isCredentialBodyType(contentType: string | undefined): boolean {
  return contentType !== undefined && bodyFormat(contentType) !== undefined;
}

export function bodyCredentials(body: CredentialBody, names: ParameterNames): TakenCredentials {
  const format = bodyFormat(body.contentType);
  if (format === undefined || body.bytes.length === 0) return NO_CREDENTIALS;
  if (body.bytes.length > MAX_CREDENTIAL_BODY_BYTES) {
    return credentialFault('BodyTooLarge', `the body must not exceed ${MAX_CREDENTIAL_BODY_BYTES} bytes`);
  }
  const text = textOf(body.bytes, 'utf8');
  if (text.includes(REPLACEMENT)) return credentialFault('MalformedBody', 'the body must be UTF-8');
  return format === 'form'
    ? presentedParameters('Body', formValues(text, names.clientId), formValues(text, names.clientSecret))
    : jsonCredentials(text, names);
}

/** The body without the credentials; everything else byte for byte. One that cannot be read stays as it is. */
export function hideBodyCredentials(body: CredentialBody, names: ParameterNames): Uint8Array {
  const format = bodyFormat(body.contentType);
  if (format === undefined) return body.bytes;
  // Latin-1 keeps every byte that UTF-8 would lose.
  const encoding = textOf(body.bytes, 'utf8').includes(REPLACEMENT) ? 'latin1' : 'utf8';
  const text = textOf(body.bytes, encoding);
  const hidden = (format === 'form' ? withoutParameters : withoutMembers)(text, [
    names.clientId,
    names.clientSecret,
  ]);
  return hidden === text ? body.bytes : Buffer.from(hidden, encoding);
}

function jsonCredentials(text: string, names: ParameterNames): TakenCredentials {
  const object = parseJsonObject(text);
  if (object === undefined) return credentialFault('MalformedBody', 'the body must be a JSON object');
  const values = (name: string): readonly (string | undefined)[] =>
    object.members.filter((member) => member.name === name).map(({ value }) => jsonString(value));
  return presentedParameters('Body', values(names.clientId), values(names.clientSecret));
}

function jsonString(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  return typeof value === 'string' ? value : undefined;
}

/** `undefined`: no credentials are looked for in it. */
export function bodyFormat(contentType: string): 'form' | 'json' | undefined {
  const [type, ...parameters] = contentType.toLowerCase().split(';');
  if (!parameters.every(isUtf8Parameter)) return undefined;
  if (type?.trim() === 'application/json') return 'json';
  return type?.trim() === 'application/x-www-form-urlencoded' ? 'form' : undefined;
}

/** Any parameter but a `charset` other than UTF-8. */
function isUtf8Parameter(parameter: string): boolean {
  const text = parameter.trim();
  return !text.startsWith('charset') || /^charset="?utf-?8"?$/.test(text);
}

function textOf(bytes: Uint8Array, encoding: 'utf8' | 'latin1'): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}
