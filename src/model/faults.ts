/** A fault in something that a person wrote: where it is and what is wrong with it. */

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

export function formatFault(fault: Fault): string {
  return fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`;
}
