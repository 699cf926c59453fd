/** Building blocks of the OIDCPolicy schema: bounded strings, durations, names, with the CEL rules that go with them. */

import { z } from 'zod';

import { DURATION_PATTERN, parseDuration } from '../model/duration.ts';

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

const VALIDATIONS = 'x-kubernetes-validations';

/** Adds CEL rules that the API server evaluates; the decoder enforces the same by refinements. */
export function withCel<T extends z.ZodType>(schema: T, ...rules: readonly CelRule[]): T {
  const before = (schema.meta()?.[VALIDATIONS] ?? []) as readonly CelRule[];
  return schema.meta({ [VALIDATIONS]: [...before, ...rules] });
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

export interface Pattern {
  /** Anchored, and read alike by JavaScript and RE2: no `\s`, `\w`, `.` nor look-around. */
  readonly source: string;
  readonly max: number;
  /** Says in words what the expression asks for. */
  readonly message: string;
}

/** A string of a certain form. The rule repeats the pattern, whose own message would be the expression. */
export function patterned(description: string, { source, max, message }: Pattern): z.ZodString {
  return withCel(z.string().max(max).regex(new RegExp(source), { error: message }).describe(description), {
    rule: `self.matches(r'${source}')`,
    message,
  });
}

/** A list without duplicates of some words, in any order. */
export function wordSet<const T extends readonly [string, ...string[]]>(description: string, words: T) {
  return z
    .array(z.enum(words))
    .min(1)
    .max(words.length)
    .refine(isEachOnce, { error: 'must hold no duplicates' })
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
  const schema = z
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
    .describe(`${description} A duration from ${bounds.min} to ${bounds.max}.`);
  // The API server knows durations of several units; only one is accepted here.
  const rule = `self.matches(r'${DURATION_PATTERN}') && duration(self) >= duration('${bounds.min}') && duration(self) <= duration('${bounds.max}')`;
  return withCel(schema, { rule, message });
}

/** A `field-name` of RFC 9110, restricted to letters, digits and `-`: what survives every proxy unchanged. */
const HEADER_NAME: Pattern = {
  source: '^[A-Za-z][A-Za-z0-9-]*$',
  max: 128,
  message: 'must be a header name: letters, digits and -, starting with a letter',
};

export function headerName(description: string): z.ZodString {
  return patterned(description, HEADER_NAME);
}

/** A header name for a node that CEL cannot see. */
export function headerNameWithoutCel(description: string): z.ZodString {
  const { source, max, message } = HEADER_NAME;
  return z.string().max(max).regex(new RegExp(source), { error: message }).describe(description);
}

/** A DNS-1123 subdomain, the form of most Kubernetes names. */
export function objectName(description: string): z.ZodString {
  return patterned(description, {
    source: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
    max: 253,
    message: 'must be the name of a Kubernetes object',
  });
}

/** One or more scope tokens (RFC 6749, section 3.3) separated by single spaces. */
export const SCOPE_PATTERN = '^[!#-\\[\\]-~]+( [!#-\\[\\]-~]+)*$';

/** A list of at most `max` entries, replaced as a whole on apply. */
export function list<T extends z.ZodType>(item: T, description: string, max = 64): z.ZodArray<T> {
  return z.array(item).max(max).meta({ description, 'x-kubernetes-list-type': 'atomic' });
}

/** A {@link list} in which every `name` stands once. */
export function listByName<T extends z.ZodType<{ readonly name: string }>>(
  item: T,
  description: string,
  max: number,
): z.ZodArray<T> {
  const error = 'must hold each name once';
  return withCel(
    list(item, description, max).refine((items) => isEachOnce(items.map(({ name }) => name)), { error }),
    { rule: 'self.all(a, self.exists_one(b, b.name == a.name))', message: error },
  );
}

/** A {@link list} in which every header stands once, whatever its case; `field` holds its name. */
export function listByHeader<F extends string, T extends z.ZodType<Readonly<Record<F, string>>>>(
  item: T,
  description: string,
  { field, max }: { readonly field: F; readonly max: number },
): z.ZodArray<T> {
  const error = 'must hold each header once';
  return withCel(
    list(item, description, max).refine(
      (items) => isEachOnce(items.map((entry) => entry[field].toLowerCase())),
      { error },
    ),
    {
      rule: `self.all(a, self.exists_one(b, b.${field}.lowerAscii() == a.${field}.lowerAscii()))`,
      message: error,
    },
  );
}

export function isEachOnce(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
