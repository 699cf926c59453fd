/** A large cluster on a real API server: 5,000 Ingresses with what belongs to them, and one more that is called. */

import { readFileSync } from 'node:fs';

import type { ApiServer } from '../../test/support/api-server.ts';

const INGRESSES = 5_000;
const PATHS = 4;
const ENDPOINTS = 3;
const POLICIES = 200;
/** Requests at the API server at a time. */
const CONCURRENCY = 48;

export const PROBE_HOST = 'probe.example.com';
const PROBE_NAMESPACE = 'probe';
const NETWORKING = '/apis/networking.k8s.io/v1';

interface Creation {
  readonly path: string;
  readonly object: object;
}

/** Upstream of the probe. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

const namespaceOf = (index: number): string => `team-${index % POLICIES}`;

/** Creates everything. @returns how many objects there are. */
export async function fillCluster(api: ApiServer, target: Target): Promise<number> {
  await api.apply(readFileSync('crds/oidcpolicies.oidc-ingress.io.yaml', 'utf8'));
  await api.apply(readFileSync('deploy/ingress-class.yaml', 'utf8'));
  // Waits until the API server serves the kind.
  const namespaces = [...Array.from({ length: POLICIES }, (_, index) => namespaceOf(index)), PROBE_NAMESPACE];
  await createAll(
    api,
    namespaces.map((name) => ({ path: '/api/v1/namespaces', object: { metadata: { name } } })),
  );
  await api.apply(policy(0));
  const creations = [
    ...Array.from({ length: POLICIES - 1 }, (_, index) => policyCreation(index + 1)),
    ...Array.from({ length: INGRESSES }, (_, index) => [
      creation('Service', namespaceOf(index), service(`web-${index}`)),
      creation('EndpointSlice', namespaceOf(index), sliceOf(`web-${index}`, addressesOf(index))),
      creation('Ingress', namespaceOf(index), ingress(`web-${index}`, 'api')),
    ]).flat(),
    creation('Service', PROBE_NAMESPACE, service('probe')),
    creation('EndpointSlice', PROBE_NAMESPACE, probeSlice(target)),
    creation('Ingress', PROBE_NAMESPACE, ingress('probe')),
  ];
  await createAll(api, creations);
  return creations.length + namespaces.length + 2;
}

/** Sends the probe's Service to `target`. */
export async function moveProbe(api: ApiServer, target: Target): Promise<void> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${PROBE_NAMESPACE}/endpointslices/probe`;
  await replace(api, path, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    ...probeSlice(target),
  });
}

/** Makes `/PATH/0` and so on the paths of the probe. */
export async function renameProbe(api: ApiServer, path: string): Promise<void> {
  await replace(api, `${NETWORKING}/namespaces/${PROBE_NAMESPACE}/ingresses/probe`, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    ...ingress('probe', undefined, path),
  });
}

/** Changes a policy that 25 Ingresses name. */
export async function changePolicy(api: ApiServer, realm: string): Promise<void> {
  const { metadata, ...rest } = policy(1, realm);
  const path = `/apis/oidc-ingress.io/v1alpha1/namespaces/${namespaceOf(1)}/oidcpolicies/api`;
  await replace(api, path, { ...rest, metadata });
}

async function replace(api: ApiServer, path: string, object: object): Promise<void> {
  const answer = await api.request('PATCH', path, object, 'application/merge-patch+json');
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}: ${JSON.stringify(answer.body)}`);
}

async function createAll(api: ApiServer, creations: readonly Creation[]): Promise<void> {
  const waiting = creations.values();
  async function work(): Promise<void> {
    for (const { path, object } of waiting) {
      const { status, body } = await api.request('POST', path, object);
      if (status !== 201) throw new Error(`${path}: ${status}: ${JSON.stringify(body)}`);
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

function creation(
  kind: 'Service' | 'EndpointSlice' | 'Ingress',
  namespace: string,
  object: object,
): Creation {
  const [group, plural] = {
    Service: ['/api/v1', 'services'],
    EndpointSlice: ['/apis/discovery.k8s.io/v1', 'endpointslices'],
    Ingress: [NETWORKING, 'ingresses'],
  }[kind] as [string, string];
  return { path: `${group}/namespaces/${namespace}/${plural}`, object };
}

function policyCreation(index: number): Creation {
  const path = `/apis/oidc-ingress.io/v1alpha1/namespaces/${namespaceOf(index)}/oidcpolicies`;
  return { path, object: policy(index) };
}

function policy(index: number, realm = 'api') {
  return {
    apiVersion: 'oidc-ingress.io/v1alpha1',
    kind: 'OIDCPolicy',
    metadata: { name: 'api', namespace: namespaceOf(index) },
    spec: {
      // Nobody listens there: what is measured is no provider.
      provider: { issuer: 'http://127.0.0.1:1/' },
      clientCredentials: { audience: 'https://api.example.com/' },
      realm,
      require: { scopes: ['read'] },
    },
  };
}

/** Headless: the API server of the tests has few cluster addresses to give. */
function service(name: string): object {
  return {
    metadata: { name },
    spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

function addressesOf(index: number): readonly string[] {
  return Array.from({ length: ENDPOINTS }, (_, at) => `10.${at + 1}.${index >> 8}.${index & 255}`);
}

function sliceOf(name: string, addresses: readonly string[], port = 8080) {
  return {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', name: `${name}-6b7f9d5c4-x2x7p`, namespace: 'default' },
    })),
  };
}

function probeSlice({ address, port }: Target): object {
  return sliceOf('probe', [address], port);
}

function ingress(name: string, policyName?: string, path = 'v1'): object {
  const backend = { service: { name, port: { number: 80 } } };
  const paths = Array.from({ length: PATHS }, (_, at) => ({
    path: `/${path}/${at}`,
    pathType: 'Prefix',
    backend,
  }));
  return {
    metadata: {
      name,
      annotations: {
        // As `kubectl apply` leaves it behind.
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(paths),
        ...(policyName !== undefined && { 'oidc-ingress.io/policy': policyName }),
      },
    },
    spec: { ingressClassName: 'oidc-ingress', rules: [{ host: `${name}.example.com`, http: { paths } }] },
  };
}
