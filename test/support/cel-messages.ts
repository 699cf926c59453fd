/** What the CEL rules of a CustomResourceDefinition say when they do not hold. */

/** Every message under `x-kubernetes-validations`, at any depth. */
export function celMessages(node: unknown): ReadonlySet<string> {
  const messages = new Set<string>();
  visit(node, messages);
  return messages;
}

function visit(node: unknown, messages: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'x-kubernetes-validations') {
      for (const { message } of value as readonly { readonly message: string }[]) messages.add(message);
    } else {
      visit(value, messages);
    }
  }
}
