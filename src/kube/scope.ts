/** How much of a cluster is read, and so which rights are needed: all of it, some namespaces, single Secrets by name. */

import type { CompileOptions } from '../compile/result.ts';
import { KINDS } from '../decode/kinds.ts';
import { TLS_SECRET_TYPE } from '../decode/secret.ts';
import { POLICY_KIND } from '../model/names.ts';
import type { ObjectKind } from '../model/objects.ts';
import type { Selection } from './list.ts';

export interface Scope {
  /** Where namespaced objects are read; `undefined`: everywhere. */
  readonly namespaces: readonly string[] | undefined;
  /**
   * `tls`: every Secret of type `kubernetes.io/tls`. `named`: only those that policies name, and Ingresses that are
   * ours by {@link Scope.compileOptions}.
   */
  readonly secrets: 'tls' | 'named';
  readonly compileOptions: Pick<
    CompileOptions,
    'ingressClass' | 'watchIngressWithoutClass' | 'defaultTlsSecret'
  >;
}

export const WHOLE_CLUSTER: Scope = {
  namespaces: undefined,
  secrets: 'tls',
  compileOptions: { ingressClass: undefined, watchIngressWithoutClass: false, defaultTlsSecret: undefined },
};

/** Read whole. Releases of Helm and every other Secret that is no certificate are left alone. */
const KINDS_READ: readonly ObjectKind[] = [
  'Ingress',
  'IngressClass',
  'Service',
  'EndpointSlice',
  POLICY_KIND,
  'Namespace',
];

/** What is listed and watched from the beginning. */
export function selectionsOf({ namespaces, secrets }: Scope): readonly Selection[] {
  const whole: readonly Selection[] = [
    ...KINDS_READ.map((kind) => ({ kind })),
    ...(secrets === 'tls' ? [{ kind: 'Secret', fieldSelector: `type=${TLS_SECRET_TYPE}` } as const] : []),
  ];
  if (namespaces === undefined) return whole;
  return whole.flatMap((selection) =>
    KINDS[selection.kind].isNamespaced
      ? namespaces.map((namespace) => ({ ...selection, namespace }))
      : [selection],
  );
}

/** Labels of namespaces matter to policies that select by them, and those refuse without. */
export function isOptional({ kind }: Selection, { namespaces, secrets }: Scope): boolean {
  return kind === 'Namespace' && (namespaces !== undefined || secrets === 'named');
}
