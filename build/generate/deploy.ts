/** The files in `deploy/`, for who has no Helm: what the chart renders by default, in a namespace of its own. */

import { parseAllDocuments, stringify } from 'yaml';

const DEPLOY_NAMESPACE = 'oidc-ingress';

/** What `helm template` is to be given. */
export const TEMPLATE_ARGUMENTS = [
  'template',
  'oidc-ingress',
  'charts/oidc-ingress',
  `--namespace=${DEPLOY_NAMESPACE}`,
  '--skip-tests',
];

/** By kind. kubectl applies files by their names: the namespace comes before what is in it. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'deploy/ingress-class.yaml': ['IngressClass'],
  'deploy/rbac.yaml': [
    'Namespace',
    'ServiceAccount',
    'ClusterRole',
    'ClusterRoleBinding',
    'Role',
    'RoleBinding',
    'Lease',
  ],
  'deploy/service.yaml': ['Service'],
  'deploy/workload.yaml': ['Deployment'],
};

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

const NAMESPACE = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: DEPLOY_NAMESPACE,
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  },
};

/**
 * By path from the root of the repository. `rendered` is what Helm printed.
 * @throws when the chart renders a kind that belongs to no file
 */
export function renderDeploy(rendered: string): Readonly<Record<string, string>> {
  const documents = parseAllDocuments(rendered);
  const objects: readonly Manifest[] =
    'empty' in documents ? [] : documents.map((document) => document.toJS() as Manifest);
  const known = new Set(Object.values(FILES).flat());
  const stray = objects.find(({ kind }) => !known.has(kind));
  if (stray !== undefined) throw new Error(`a ${stray.kind} belongs to no file of deploy/`);
  return Object.fromEntries(
    Object.entries(FILES).map(([path, kinds]) => [
      path,
      `# Generated from charts/oidc-ingress by \`node build/deploy.ts\`.\n${[NAMESPACE, ...objects]
        .filter(({ kind }) => kinds.includes(kind))
        .toSorted((left, right) => kinds.indexOf(left.kind) - kinds.indexOf(right.kind))
        .map((object) => stringify(withoutHelm(object), { lineWidth: 0, aliasDuplicateObjects: false }))
        .join('---\n')}`,
    ]),
  );
}

/** Nobody should believe that Helm manages these. */
function withoutHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHelm);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'helm.sh/chart' && key !== 'app.kubernetes.io/managed-by')
      .map(([key, part]) => [key, withoutHelm(part)]),
  );
}
