/** Checks what a person wrote against a schema, and says in words what is wrong with it. */

import type { z } from 'zod';

import { formatPath, type Fault } from './faults.ts';

export type Checked<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** User name and password of a URL, also where they hold what no URL takes unescaped. */
const PASSWORD = /\/\/.*@/;

/** All faults are reported together, in the order of the document, with paths under `prefix`. */
export function check<S extends z.ZodType>(
  schema: S,
  raw: unknown,
  prefix: readonly PropertyKey[] = [],
): Checked<z.output<S>> {
  const result = schema.safeParse(raw, { reportInput: true, error: inWords });
  return result.success
    ? { kind: 'valid', value: result.data }
    : { kind: 'invalid', faults: result.error.issues.flatMap((issue) => faultsOf(issue, prefix)) };
}

function faultsOf(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): readonly Fault[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: 'unknown field' }));
  }
  return [{ path: formatPath(path), message: issue.message + found(issue) }];
}

/** What a schema expects where it does not say so itself. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'must be set' : `must be ${TYPES[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value') {
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
  }
  if (issue.code === 'too_small') return bounded('at least', Number(issue.minimum), issue.origin);
  if (issue.code === 'too_big') return bounded('at most', Number(issue.maximum), issue.origin);
  return undefined;
}

function bounded(bound: string, size: number, origin: string): string {
  if (origin === 'number' || origin === 'int') return `must be ${bound} ${size}`;
  if (origin === 'string') return `must be ${bound} ${size} characters`;
  return `must hold ${bound} ${size} ${size === 1 ? 'entry' : 'entries'}`;
}

/** What was found, where it is short enough to read. */
function found({ code, input }: z.core.$ZodIssue): string {
  if (typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean') {
    const text = JSON.stringify(input).replace(PASSWORD, '//[redacted]@');
    return text.length > 100 ? '' : `, found ${text}`;
  }
  if (code !== 'invalid_type' || input === undefined) return '';
  if (input === null) return ', found null';
  return Array.isArray(input) ? ', found a list' : ', found an object';
}
