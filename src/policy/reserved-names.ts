/** Names of headers and parameters that no policy may set, and the fields that refuse them. */

import type { z } from 'zod';

import { FORWARDING_HEADERS } from '../model/names.ts';
import { headerName, headerNameWithoutCel, patterned, withCel } from './fields.ts';

/** Header names that the gateway or HTTP itself owns. */
export const RESERVED_HEADERS: readonly string[] = [
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  ...FORWARDING_HEADERS,
];

/** Token-request parameters that carry the grant and the credentials: never a matter of policy. */
const CREDENTIAL_PARAMETERS: readonly string[] = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
];

/** Those and the ones that have fields of their own. */
export const RESERVED_PARAMETERS: readonly string[] = [
  ...CREDENTIAL_PARAMETERS,
  'audience',
  'scope',
  'organization',
];

const HEADER_MESSAGE = `must not be a header that HTTP or the gateway owns (${RESERVED_HEADERS.join(', ')})`;

const isOwnHeader = (name: string): boolean => !RESERVED_HEADERS.includes(name.toLowerCase());

/** A header name that is none of {@link RESERVED_HEADERS}. */
export function ownHeaderName(description: string): z.ZodString {
  return withCel(headerName(description).refine(isOwnHeader, { error: HEADER_MESSAGE }), {
    rule: `!(self.lowerAscii() in ${celList(RESERVED_HEADERS)})`,
    message: HEADER_MESSAGE,
  });
}

/** The same for a node that CEL cannot see. */
export function ownHeaderNameWithoutCel(description: string): z.ZodString {
  return headerNameWithoutCel(description)
    .refine(isOwnHeader, { error: HEADER_MESSAGE })
    .meta({ not: { pattern: `^(?i:${RESERVED_HEADERS.join('|')})$` } });
}

/** A parameter name that is none of {@link RESERVED_PARAMETERS}. */
export function parameterName(description: string): z.ZodString {
  return parameterNameExcept(
    RESERVED_PARAMETERS,
    description,
    `must not be one of ${RESERVED_PARAMETERS.join(', ')}: those have fields of their own`,
  );
}

/** A parameter name that carries neither the grant nor the credentials. */
export function callerParameterName(description: string): z.ZodString {
  return parameterNameExcept(
    CREDENTIAL_PARAMETERS,
    description,
    `must not be one of ${CREDENTIAL_PARAMETERS.join(', ')}: those are never chosen by callers`,
  );
}

function parameterNameExcept(names: readonly string[], description: string, message: string): z.ZodString {
  const schema = patterned(description, {
    source: '^[A-Za-z0-9_.:/-]+$',
    max: 64,
    message: 'must be a parameter name: letters, digits and _ . : / -',
  });
  return withCel(
    schema.refine((name) => !names.includes(name), { error: message }),
    { rule: `!(self in ${celList(names)})`, message },
  );
}

function celList(values: readonly string[]): string {
  return `[${values.map((value) => `'${value}'`).join(', ')}]`;
}
