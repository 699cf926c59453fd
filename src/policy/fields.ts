/** Building blocks of the OIDCPolicy schema: bounded strings, durations, names, with the CEL rules that go with them. */

import { z } from 'zod';

import { DURATION_PATTERN, parseDuration } from '../model/duration.ts';

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** Attaches CEL rules that the API server evaluates; the decoder enforces the same by refinements. */
export function withCel<T extends z.ZodType>(schema: T, ...rules: readonly CelRule[]): T {
  return schema.meta({ 'x-kubernetes-validations': rules });
}

/** A string of `min`–`max` characters (default 1–256), counted as the API server counts them: by code point. */
export function text(description: string, max = 256, min = 1): z.ZodString {
  const error = min === 0 ? `must be at most ${max} characters` : `must be ${min} to ${max} characters`;
  return z
    .string()
    .refine((value) => hasLength(value, min, max), { error })
    .meta({ description, minLength: min, maxLength: max });
}

function hasLength(value: string, min: number, max: number): boolean {
  let length = 0;
  for (const _ of value) length += 1;
  return length >= min && length <= max;
}

/** A list without duplicates of some words, in any order. */
export function wordSet<const T extends readonly [string, ...string[]]>(description: string, words: T) {
  return z
    .array(z.enum(words))
    .min(1)
    .max(words.length)
    .refine((values) => new Set(values).size === values.length, { error: 'must hold no duplicates' })
    .meta({ description, 'x-kubernetes-list-type': 'set' });
}

export interface DurationBounds {
  readonly min: string;
  readonly max: string;
}

/** A duration string within `bounds`, both inclusive. */
export function duration(description: string, bounds: DurationBounds): z.ZodString {
  const minMs = parseDuration(bounds.min) ?? 0;
  const maxMs = parseDuration(bounds.max) ?? 0;
  const message = `must be a duration from ${bounds.min} to ${bounds.max}, such as 300ms, 5s, 10m or 1h`;
  return z
    .string()
    .max(16)
    .regex(new RegExp(DURATION_PATTERN), { error: message })
    .refine(
      (value) => {
        const ms = parseDuration(value);
        // Of the wrong form: the pattern has said so already.
        return ms === undefined || (ms >= minMs && ms <= maxMs);
      },
      { error: message },
    )
    .meta({
      description: `${description} A duration from ${bounds.min} to ${bounds.max}.`,
      'x-kubernetes-validations': [
        {
          rule: `duration(self) >= duration('${bounds.min}') && duration(self) <= duration('${bounds.max}')`,
          message,
        },
      ],
    });
}

/** A `field-name` of RFC 9110, restricted to letters, digits and `-`: what survives every proxy unchanged. */
export const HEADER_NAME_PATTERN = '^[A-Za-z][A-Za-z0-9-]*$';

export function headerName(description: string): z.ZodString {
  return z
    .string()
    .max(128)
    .regex(new RegExp(HEADER_NAME_PATTERN), {
      error: 'must be a header name: letters, digits and -, starting with a letter',
    })
    .describe(description);
}

/** A DNS-1123 subdomain, the form of most Kubernetes names. */
export function objectName(description: string): z.ZodString {
  return z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, { error: 'must be the name of a Kubernetes object' })
    .describe(description);
}

/** One or more scope tokens (RFC 6749, section 3.3) separated by single spaces. */
export const SCOPE_PATTERN = '^[!#-\\[\\]-~]+( [!#-\\[\\]-~]+)*$';

/** A list of at most `max` entries, replaced as a whole on apply. */
export function list<T extends z.ZodType>(item: T, description: string, max = 64): z.ZodArray<T> {
  return z.array(item).max(max).meta({ description, 'x-kubernetes-list-type': 'atomic' });
}

/** Header names that the gateway or HTTP itself owns: no policy may set them. */
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
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
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

const celList = (values: readonly string[]): string => `[${values.map((value) => `'${value}'`).join(', ')}]`;

/**
 * A header name that is none of {@link RESERVED_HEADERS}.
 * @param form of the rule in the CRD: `pattern` where CEL cannot see the field.
 */
export function ownHeaderName(description: string, form: 'cel' | 'pattern' = 'cel'): z.ZodString {
  const message = `must not be a header that HTTP or the gateway owns (${RESERVED_HEADERS.join(', ')})`;
  const schema = headerName(description).refine((name) => !RESERVED_HEADERS.includes(name.toLowerCase()), {
    error: message,
  });
  return form === 'pattern'
    ? schema.meta({ not: { pattern: `^(?i:${RESERVED_HEADERS.join('|')})$` } })
    : withCel(schema, { rule: `!(self.lowerAscii() in ${celList(RESERVED_HEADERS)})`, message });
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
  return withCel(
    z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z0-9_.:/-]+$/, { error: 'must be a parameter name: letters, digits and _ . : / -' })
      .refine((name) => !names.includes(name), { error: message })
      .describe(description),
    { rule: `!(self in ${celList(names)})`, message },
  );
}
