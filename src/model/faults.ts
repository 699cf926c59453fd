/** A fault in something that a person wrote: where it is and what is wrong with it. */

import type { z } from 'zod';

export interface Fault {
  /** Path of the field, such as `spec.provider.issuer` or `spec.rules[0].host`. Empty for the whole object. */
  readonly path: string;
  /** Lowercase, no full stop: what was expected and what was found. Never holds a secret. */
  readonly message: string;
}

/** `['spec', 'rules', 0, 'host']` → `spec.rules[0].host`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

/** Turns the issues of zod into faults under `prefix`, in the order of the document. */
export function faultsFromZod(error: z.ZodError, prefix: readonly PropertyKey[] = []): readonly Fault[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: 'unknown field' }));
    }
    return [{ path: formatPath(path), message: lowerFirst(issue.message) + found(issue.input) }];
  });
}

/** What was found, where the caller parsed with `reportInput` and it is short enough to read. */
function found(input: unknown): string {
  if (typeof input !== 'string' && typeof input !== 'number' && typeof input !== 'boolean') return '';
  const text = JSON.stringify(input);
  return text.length > 100 ? '' : `, found ${text}`;
}

export function formatFault(fault: Fault): string {
  return fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
