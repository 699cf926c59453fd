/** Each way to read Secrets, with exactly the rights that it is said to need: a real API server refuses anything more. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { compile } from '../../../src/compile/compile.ts';
import { compileOptions } from '../../../src/config/compile-options.ts';
import { decodeServeConfig } from '../../../src/config/serve.ts';
import { systemClock } from '../../../src/config/system-clock.ts';
import { openCluster } from '../../../src/kube/cluster.ts';
import type { Scope } from '../../../src/kube/scope.ts';
import { openKubeSource, type KubeSource } from '../../../src/kube/source.ts';
import type { Snapshot } from '../../../src/model/objects.ts';
import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { CRD } from '../../support/product.ts';
import { watchCounts } from '../../support/watch-counts.ts';
import { skipWithout } from '../../support/tools.ts';

const READ = ['list', 'watch'];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const read = (group: string, resources: readonly string[], resourceNames?: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs: READ,
  ...(resourceNames !== undefined && { resourceNames }),
});

const CLASSES = read('networking.k8s.io', ['ingressclasses']);
const OBJECTS = [
  read('networking.k8s.io', ['ingresses']),
  read('', ['services']),
  read('discovery.k8s.io', ['endpointslices']),
  read('oidc-ingress.io', ['oidcpolicies']),
];
const SECRETS = read('', ['secrets', 'configmaps']);

interface Mode {
  readonly name: string;
  readonly flags: readonly string[];
  readonly clusterRules: readonly Rule[];
  /** By namespace. */
  readonly rules: Readonly<Record<string, readonly Rule[]>>;
  readonly wantNamespaces: readonly string[];
}

const MODES: readonly Mode[] = [
  {
    name: 'cluster',
    flags: [],
    clusterRules: [CLASSES, read('', ['namespaces']), ...OBJECTS, SECRETS],
    rules: {},
    wantNamespaces: ['billing', 'elsewhere', 'shop'],
  },
  {
    name: 'namespaced',
    flags: ['--secret-mode=namespaced', '--watch-namespaces=shop,billing'],
    clusterRules: [CLASSES],
    rules: { shop: [...OBJECTS, SECRETS], billing: [...OBJECTS, SECRETS] },
    wantNamespaces: ['billing', 'shop'],
  },
  {
    name: 'named',
    flags: ['--secret-mode=named'],
    clusterRules: [CLASSES, ...OBJECTS],
    rules: Object.fromEntries(
      ['shop', 'billing', 'elsewhere'].map((namespace) => [
        namespace,
        [read('', ['secrets'], ['tls', 'client', 'shown', 'default']), read('', ['configmaps'], ['ca'])],
      ]),
    ),
    wantNamespaces: ['billing', 'elsewhere', 'shop'],
  },
  {
    name: 'named, in one namespace',
    flags: ['--secret-mode=named', '--watch-namespaces=shop', '--default-tls-secret=billing/default'],
    clusterRules: [CLASSES],
    rules: {
      shop: [...OBJECTS, read('', ['secrets'], ['tls', 'client', 'shown']), read('', ['configmaps'], ['ca'])],
      billing: [read('', ['secrets'], ['default'])],
    },
    wantNamespaces: ['shop'],
  },
];

const rbac = 'rbac.authorization.k8s.io';

/** Role, or ClusterRole where there is no `namespace`, and its binding to the service account `name`. */
function grant(name: string, rules: readonly Rule[], namespace?: string): readonly object[] {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  return [
    { apiVersion: `${rbac}/v1`, kind, metadata, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: rbac, kind, name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
    },
  ];
}

/** What stands in a namespace: certificates of all uses, a bundle, and Secrets that are nobody's business. */
const objectsOf = (namespace: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace}, labels: { team: a } }
---
${['tls', 'client', 'shown', 'default', 'foreign']
  .map(
    (name) => `apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: { name: ${name}, namespace: ${namespace} }
data: { tls.crt: eA==, tls.key: eA== }
---`,
  )
  .join('\n')}
apiVersion: v1
kind: Secret
metadata: { name: password, namespace: ${namespace} }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ca, namespace: ${namespace} }
data: { ca.crt: x }
---
apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: orders, namespace: ${namespace} }
spec:
  provider:
    issuer: https://acme.eu.auth0.com/
    ca: { configMapRef: { name: ca, key: ca.crt } }
    clientCertificate: { secretRef: { name: client } }
  clientCredentials: {}
  allowedNamespaces: { from: Selector, selector: { matchLabels: { team: a } } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ours, namespace: ${namespace}, annotations: { oidc-ingress.io/policy: shop/orders } }
spec:
  ingressClassName: ours
  tls: [{ hosts: [${namespace}.example.com], secretName: tls }]
  defaultBackend: { service: { name: orders, port: { number: 80 } } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: mutual
  namespace: ${namespace}
  annotations: { oidc-ingress.io/backend-tls-client-certificate: shown }
spec:
  ingressClassName: ours
  defaultBackend: { service: { name: orders, port: { number: 80 } } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: foreign, namespace: ${namespace} }
spec:
  ingressClassName: foreign
  tls: [{ hosts: [foreign.example.com], secretName: foreign }]
  defaultBackend: { service: { name: orders, port: { number: 80 } } }
`;

const CLASS_OBJECTS = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: ours }
spec: { controller: oidc-ingress.io/controller }
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: foreign }
spec: { controller: example.com/other }
`;

/** The mode without each of its rules in turn, and the first resource of that rule. */
function* withOneLess(mode: Mode): Generator<Mode & { readonly without: string }> {
  for (const rule of mode.clusterRules) {
    const clusterRules = mode.clusterRules.filter((other) => other !== rule);
    yield { ...mode, clusterRules, without: rule.resources[0] ?? '' };
  }
  for (const [namespace, granted] of Object.entries(mode.rules)) {
    for (const rule of granted) {
      const rules = { ...mode.rules, [namespace]: granted.filter((other) => other !== rule) };
      yield { ...mode, rules, without: `${rule.resources[0]} in ${namespace}` };
    }
  }
}

const binaries = await findApiServerBinaries();

describe('the rights that reading a cluster needs', { skip: skipWithout(binaries) }, () => {
  let api: ApiServer;
  const opened: KubeSource[] = [];

  before(async () => {
    api = await startApiServer(binaries);
    await api.apply(CRD);
    await api.apply(CLASS_OBJECTS);
    for (const namespace of ['shop', 'billing', 'elsewhere']) await api.apply(objectsOf(namespace));
  });

  after(async () => {
    await Promise.all(opened.map((source) => source.close()));
    await api.stop();
  });

  function configOf(flags: readonly string[]) {
    const decoded = decodeServeConfig(flags, {});
    assert.ok(decoded.kind === 'valid');
    return decoded.config;
  }

  async function open({ name, flags, clusterRules, rules }: Mode, logger = collectingLogger()) {
    const account = `sa-${name.replaceAll(/[^a-z]+/g, '-')}`;
    const metadata = { name: account, namespace: 'default' };
    await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    for (const object of grant(account, clusterRules)) await api.apply(object);
    for (const [namespace, granted] of Object.entries(rules)) {
      for (const object of grant(account, granted, namespace)) await api.apply(object);
    }
    const access = await openCluster(await api.kubeconfigFor(await api.tokenFor('default', account)));
    const config = configOf(flags);
    const namespaces = config['watch-namespaces'];
    const scope: Scope = {
      namespaces: namespaces.length === 0 ? undefined : namespaces,
      secrets: config['secret-mode'] === 'named' ? 'named' : 'tls',
      compileOptions: compileOptions(config, 'cluster'),
    };
    const telemetry = watchCounts();
    const source = openKubeSource({
      access,
      clock: systemClock,
      logger,
      telemetry,
      onChange: () => {},
      scope,
    });
    opened.push(source);
    return { source, logger, options: compileOptions(config, 'cluster') };
  }

  const namespacesIn = (map: ReadonlyMap<string, unknown>): readonly string[] =>
    [...new Set([...map.keys()].map((key) => key.split('/')[0] ?? ''))].sort();

  const namesIn = (map: ReadonlyMap<string, unknown>, namespace: string): readonly string[] =>
    [...map.keys()]
      .filter((key) => key.startsWith(`${namespace}/`))
      .map((key) => key.split('/')[1] ?? '')
      .sort();

  for (const mode of MODES) {
    it(`are enough in mode ${mode.name}, and show what is to be shown`, async () => {
      const { source, logger } = await open(mode);
      await source.synced;
      const mayReadNamespaces = mode.name === 'cluster';
      const faults = source.faults().map(({ location }) => location);
      assert.deepEqual(faults, mayReadNamespaces ? [] : ['namespaces']);
      const now: Snapshot = source.snapshot();
      assert.deepEqual(namespacesIn(now.ingresses), mode.wantNamespaces);
      assert.deepEqual(namespacesIn(now.policies), mode.wantNamespaces);
      assert.deepEqual(namesIn(now.configMaps, 'shop'), ['ca']);
      const isNamed = mode.name.startsWith('named');
      assert.deepEqual(
        namesIn(now.secrets, 'shop'),
        isNamed ? ['client', 'shown', 'tls'] : ['client', 'default', 'foreign', 'shown', 'tls'],
      );
      if (mode.flags.some((flag) => flag.startsWith('--default-tls'))) {
        assert.deepEqual(namesIn(now.secrets, 'billing'), ['default']);
      }
      const errors = logger.lines.filter(({ level }) => level === 'error' || level === 'warn');
      assert.deepEqual(
        errors.map(({ fields }) => fields['kind']),
        mayReadNamespaces ? [] : ['Namespace'],
      );
    });

    it(`are no broader than needed in mode ${mode.name}: each one that is taken away is missed`, async () => {
      for (const [index, less] of [...withOneLess(mode)].entries()) {
        const { source } = await open({ ...less, name: `${mode.name} ${'x'.repeat(index + 1)}` });
        await eventually(`a fault without ${less.without}`, () =>
          Promise.resolve(source.faults().some(({ location }) => location.startsWith(less.without))),
        );
        await source.close();
      }
    });
  }

  it('leave a selector of namespaces unanswered where namespaces may not be read: it refuses and says so', async () => {
    const mode = MODES.find(({ name }) => name === 'namespaced');
    assert.ok(mode !== undefined);
    const { source, options } = await open(mode);
    await source.synced;
    const { problems } = compile(source.snapshot(), options);
    const refused = problems.find(
      ({ object, reason }) => object.namespace === 'billing' && reason === 'PolicyNotPermitted',
    );
    assert.match(refused?.message ?? '', /its selector cannot be applied: Namespace billing is not known/);
  });

  it('follow an Ingress that becomes ours with its class, and one that ceases to be', async () => {
    const mode = MODES.find(({ name }) => name === 'named');
    assert.ok(mode !== undefined);
    const { source } = await open(mode);
    await source.synced;
    const secrets = (): readonly string[] => namesIn(source.snapshot().secrets, 'shop');
    assert.deepEqual(secrets(), ['client', 'shown', 'tls']);
    await api.delete('{ apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: { name: ours } }');
    await eventually('that it is gone', () => Promise.resolve(secrets().join() === 'client'));
    await api.apply(CLASS_OBJECTS);
    await eventually('that it is back', () => Promise.resolve(secrets().join() === 'client,shown,tls'));
  });
});
