/** Whose Ingresses may name a policy, and whose give way to others. */

import type { NamespaceObject, Snapshot } from '../model/objects.ts';
import type { PolicySpec } from '../policy/schema.ts';
import { memoizeByObject } from './memoize.ts';

type AllowedNamespaces = PolicySpec['allowedNamespaces'];
type LabelSelector = NonNullable<AllowedNamespaces['selector']>;
type LabelExpression = NonNullable<LabelSelector['matchExpressions']>[number];

/** The API server gives every namespace this label; a file need not state it. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** @returns why `from` may not name the policy; `undefined` where it may. */
export function namespaceFault(
  { from, selector }: AllowedNamespaces,
  namespace: string,
  namespaces: Snapshot['namespaces'],
): string | undefined {
  if (from === 'All') return undefined;
  if (from === 'Same' || selector === undefined) return 'its allowedNamespaces admits its own namespace only';
  const found = namespaces.get(namespace);
  // Without its labels, a namespace would pass every `NotIn` and `DoesNotExist`.
  if (found?.kind !== 'valid') return `its selector cannot be applied: Namespace ${namespace} is not known`;
  const labels = { ...found.value.labels, [NAME_LABEL]: namespace };
  return selects(selector, labels) ? undefined : `its selector does not admit namespace ${namespace}`;
}

/**
 * Those that are being deleted. Kubernetes ends the pods of a namespace first, and keeps its Ingresses until the last
 * pod is gone: half a minute with nothing behind them.
 */
export const endingNamespaces: (namespaces: Snapshot['namespaces']) => ReadonlySet<string> = memoizeByObject(
  (namespaces) =>
    new Set(
      [...namespaces].flatMap(([name, found]) =>
        found.kind === 'valid' && found.value.isEnding ? [name] : [],
      ),
    ),
);

function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: NamespaceObject['labels'],
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every(({ key, operator, values }) => OPERATORS[operator](values, labelOf(labels, key)))
  );
}

/** As `metav1.LabelSelector` defines it: a label that is absent is `NotIn` any list. */
const OPERATORS: Readonly<
  Record<LabelExpression['operator'], (values: readonly string[], label: string | undefined) => boolean>
> = {
  In: (values, label) => label !== undefined && values.includes(label),
  NotIn: (values, label) => label === undefined || !values.includes(label),
  Exists: (_values, label) => label !== undefined,
  DoesNotExist: (_values, label) => label === undefined,
};

function labelOf(labels: NamespaceObject['labels'], key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
