/** The chart, linted and rendered by Helm for every values file in `ci/`: rights, pods, flags, refusals. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { parse } from 'yaml';

import { readChartValues } from '../../build/generate/chart-values.ts';
import { decodeServeConfig } from '../../src/config/serve.ts';
import { findHelm } from '../support/helm.ts';
import { blocksOf, readPages } from '../support/markdown.ts';
import { skipWithout } from '../support/tools.ts';
import { podSpecs, restrictedViolations } from './pods.ts';
import { CHART, render, runHelm, template, VALUES_FILES, type RenderedObject, type Rule } from './render.ts';

const helm = await findHelm();
const path = helm.kind === 'binary' ? helm.path : '';
const fileOf = (name: string): string => `--values=${VALUES_FILES.get(name)}`;
/** Ports of the node, which the restricted standard forbids: the one thing that a values file may ask for beyond it. */
const UNRESTRICTED: Readonly<Record<string, readonly string[]>> = {
  'DaemonSet oidc-ingress': ['oidc-ingress: hostPort'],
};

describe('the chart', { skip: skipWithout(helm) }, () => {
  const ofKind = (objects: readonly RenderedObject[], kind: string): readonly RenderedObject[] =>
    objects.filter((object) => object.kind === kind);
  const only = (objects: readonly RenderedObject[], kind: string): RenderedObject => {
    const [object, ...others] = ofKind(objects, kind);
    assert.ok(object !== undefined && others.length === 0, `not exactly one ${kind}`);
    return object;
  };

  for (const [name, file] of VALUES_FILES) {
    describe(`with ${file}`, () => {
      test('passes helm lint', async () => {
        const { code, stdout, stderr } = await runHelm(path, 'lint', CHART, '--strict', fileOf(name));
        assert.equal(code, 0, stdout + stderr);
      });

      test('renders objects that say where they belong, each once', async () => {
        const objects = await render(path, fileOf(name));
        const ids = objects.map(
          ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
        );
        assert.deepEqual(ids, [...new Set(ids)]);
        for (const { kind, metadata } of objects) {
          const isClusterWide = /^(?:Cluster|IngressClass)/.test(kind);
          const isExtra = metadata.name.endsWith('-extra');
          if (!isExtra) assert.equal(metadata.namespace === undefined, isClusterWide, kind);
        }
      });

      test('makes pods that meet the restricted Pod Security Standard', async () => {
        const pods = podSpecs(await render(path, fileOf(name)));
        assert.ok(pods.length >= 1);
        for (const [owner, pod] of pods) {
          assert.deepEqual(restrictedViolations(pod), UNRESTRICTED[owner] ?? [], owner);
          for (const { securityContext } of pod.containers) {
            assert.equal(securityContext?.readOnlyRootFilesystem, true, owner);
          }
        }
      });

      test('lets no name of a Service pass for a flag: pods of the gateway get no variables of Services', async () => {
        const [, pod] = podSpecs(await render(path, fileOf(name)))[0] ?? [];
        assert.equal(pod?.enableServiceLinks, false);
      });

      test('starts the process with flags that it accepts, on the ports that it declares', async () => {
        const [, pod] = podSpecs(await render(path, fileOf(name)))[0] ?? [];
        const [command, ...flags] = pod?.containers[0]?.args ?? [];
        assert.equal(command, 'serve');
        const decoded = decodeServeConfig(flags, {});
        assert.deepEqual(decoded.kind === 'invalid' ? decoded.faults : [], []);
        assert.ok(decoded.kind === 'valid');
        const { config } = decoded;
        const declared = pod?.containers[0]?.ports?.map((port) => [port.name, port.containerPort]);
        const listening = (['http', 'https', 'admin'] as const).map((port) => [
          port,
          config[`${port}-address`]?.port,
        ]);
        assert.deepEqual(declared, listening);
        const drainMs = config['drain-delay'] + config['drain-timeout'];
        assert.ok((pod?.terminationGracePeriodSeconds ?? 0) * 1_000 > drainMs);
      });
    });
  }

  for (const scope of ['cluster', 'namespaces', 'named'] as const) {
    test(`has exactly these rights with rbac.scope ${scope}`, async () => {
      const objects = await render(path, fileOf(scope === 'cluster' ? 'default' : scope));
      const granted = objects
        .filter(({ kind }) => ['Role', 'ClusterRole'].includes(kind))
        .map(({ kind, metadata: { name, namespace }, rules = [] }) => ({
          role: [kind, namespace, name].filter((part) => part !== undefined).join(' '),
          rules: rules.map(describeRule),
        }));
      assert.deepEqual(granted, parse(readFileSync(`test/chart/rbac/${scope}.yaml`, 'utf8')));
      const bound = objects.filter(
        ({ kind }) => kind.endsWith('RoleBinding') || kind === 'ClusterRoleBinding',
      );
      assert.equal(bound.length, granted.length);
    });
  }

  test('has no right on Secrets of the whole cluster but with rbac.scope cluster', async () => {
    for (const [name] of VALUES_FILES) {
      const roles = ofKind(await render(path, fileOf(name)), 'ClusterRole');
      const onSecrets = roles.flatMap(({ rules = [] }) =>
        rules.filter(({ resources }) => resources.some((resource) => ['secrets', '*'].includes(resource))),
      );
      assert.equal(onSecrets.length, ['namespaces', 'named'].includes(name) ? 0 : 1, name);
    }
  });

  test('may ask the API server whose a token is only where such tokens purge', async () => {
    const given = ['--set=adminToken.audience=oidc-ingress'];
    const rightsOn = async (...settings: readonly string[]): Promise<readonly string[]> =>
      (only(await render(path, ...settings), 'ClusterRole').rules ?? []).map(describeRule);
    const before = new Set(await rightsOn());
    assert.deepEqual(
      (await rightsOn(...given)).filter((rule) => !before.has(rule)),
      ['authentication.k8s.io tokenreviews: create', 'authorization.k8s.io subjectaccessreviews: create'],
    );
    const [, pod] = podSpecs(await render(path, ...given))[0] ?? [];
    assert.ok(pod?.containers[0]?.args?.includes('--admin-token-audience=oidc-ingress'));
  });

  test('gives people rights on policies only where it is told to, those who view none to write', async () => {
    const aggregated = (objects: readonly RenderedObject[], role: string) =>
      ofKind(objects, 'ClusterRole')
        .filter(
          ({ metadata }) => metadata.labels?.[`rbac.authorization.k8s.io/aggregate-to-${role}`] === 'true',
        )
        .flatMap(({ rules = [] }) => rules.map(describeRule));
    const rolesOf = (objects: readonly RenderedObject[]) => ({
      view: aggregated(objects, 'view'),
      edit: aggregated(objects, 'edit'),
      admin: aggregated(objects, 'admin'),
    });
    assert.deepEqual(rolesOf(await render(path)), { view: [], edit: [], admin: [] });
    assert.deepEqual(rolesOf(await render(path, '--set=rbac.aggregateTo={view,edit}')), {
      view: ['oidc-ingress.io oidcpolicies: get, list, watch'],
      edit: [
        'oidc-ingress.io oidcpolicies: get, list, watch, create, update, patch, delete, deletecollection',
      ],
      admin: [],
    });
  });

  test('passes on what it has no value for: metrics of the autoscaler, fields of the Service', async () => {
    const objects = await render(path, fileOf('everything'));
    const metrics = only(objects, 'HorizontalPodAutoscaler').spec?.['metrics'] as readonly object[];
    assert.deepEqual(
      metrics.map((metric) => (metric as { readonly type: string }).type),
      ['Resource', 'Resource', 'Pods'],
    );
    const service = ofKind(objects, 'Service').find(({ metadata }) => metadata.name === 'gateway');
    assert.equal(service?.spec?.['sessionAffinity'], 'ClientIP');
    assert.equal(service?.spec?.['trafficDistribution'], 'PreferClose');
  });

  test('takes the values that its page shows: a second Service leads to the same pods and ports', async () => {
    const page = readPages().find(({ path: name }) => name === 'docs/how-to/install-with-helm.md');
    assert.ok(page !== undefined);
    const values = blocksOf(page, 'yml').map((block) => parse(block) as object);
    const objects = await render(path, `--set-json=${JSON.stringify(Object.assign({}, ...values))}`);
    const services = ofKind(objects, 'Service');
    const named = (name: string) => services.find(({ metadata }) => metadata.name === name);
    const first = named('oidc-ingress');
    const second = named('oidc-ingress-internal');
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(second.spec?.['selector'], first.spec?.['selector']);
    assert.equal(second.metadata.namespace, first.metadata.namespace);
    const [, pod] = podSpecs(objects)[0] ?? [];
    const listened = pod?.containers[0]?.ports?.map(({ name }) => name) ?? [];
    const ports = (second.spec?.['ports'] ?? []) as readonly { readonly targetPort: string }[];
    assert.ok(ports.length > 0 && ports.every(({ targetPort }) => listened.includes(targetPort)));
  });

  const BUDGETS = [
    { name: 'one replica', given: ['replicaCount=1'], want: 0 },
    { name: 'two replicas', given: ['replicaCount=2'], want: 1 },
    {
      name: 'two replicas and no budget wanted',
      given: ['replicaCount=2', 'podDisruptionBudget.enabled=false'],
      want: 0,
    },
    {
      name: 'an autoscaler from one',
      given: ['autoscaling.enabled=true', 'autoscaling.minReplicas=1'],
      want: 0,
    },
    {
      name: 'an autoscaler from two',
      given: ['autoscaling.enabled=true', 'autoscaling.minReplicas=2'],
      want: 1,
    },
    { name: 'an autoscaler of another kind', given: ['replicaCount=null'], want: 1 },
    { name: 'a DaemonSet', given: ['kind=DaemonSet', 'replicaCount=2'], want: 0 },
  ] as const;
  for (const { name, given, want } of BUDGETS) {
    test(`has ${want === 0 ? 'no' : 'a'} disruption budget with ${name}`, async () => {
      const objects = await render(path, ...given.map((setting) => `--set=${setting}`));
      assert.equal(ofKind(objects, 'PodDisruptionBudget').length, want);
    });
  }

  test('leaves the number of replicas to the autoscaler', async () => {
    const scaled = await render(path, '--set=autoscaling.enabled=true');
    assert.equal(only(scaled, 'Deployment').spec?.['replicas'], undefined);
    const byAnother = await render(path, '--set=replicaCount=null');
    assert.equal(only(byAnother, 'Deployment').spec?.['replicas'], undefined);
    assert.equal(only(await render(path), 'Deployment').spec?.['replicas'], 1);
  });

  test('never has fewer pods during an update, but where two cannot share the ports of a node', async () => {
    const rolling = async (name: string, kind: string, field: string): Promise<unknown> => {
      const { spec = {} } = only(await render(path, fileOf(name)), kind);
      return (spec[field] as { readonly rollingUpdate: unknown }).rollingUpdate;
    };
    const replaced = { maxUnavailable: 0, maxSurge: 1 };
    assert.deepEqual(await rolling('default', 'Deployment', 'strategy'), replaced);
    const inPlace = { maxUnavailable: 1, maxSurge: 0 };
    assert.deepEqual(await rolling('daemonset', 'DaemonSet', 'updateStrategy'), inPlace);
  });

  test('brings the alerts and the dashboard along', async () => {
    const objects = await render(path, fileOf('everything'));
    const groups = only(objects, 'PrometheusRule').spec?.['groups'] as readonly {
      readonly rules: readonly object[];
    }[];
    assert.ok(groups.flatMap(({ rules }) => rules).length > 0);
    const dashboard = ofKind(objects, 'ConfigMap').find(({ metadata }) =>
      metadata.name.endsWith('-dashboard'),
    );
    const { panels } = JSON.parse(dashboard?.data?.['oidc-ingress.json'] ?? '{}') as {
      readonly panels: readonly object[];
    };
    assert.ok(panels.length > 0);
  });

  /** As Helm 3 and Helm 4 say it, or the chart itself. */
  const REFUSED = [
    {
      name: 'a value that does not exist',
      given: 'replicas=2',
      want: /replicas.*not allowed/,
    },
    { name: 'a typo in a group', given: 'image.tga=1', want: /image.*tga.*not allowed/ },
    {
      name: 'a word that is none of the possible ones',
      given: 'kind=StatefulSet',
      want: /kind.*Deployment.*DaemonSet/,
    },
    {
      name: 'a number where a text is due',
      given: 'trustedProxies={everyone}',
      want: /trustedProxies.*does not match pattern/i,
    },
    {
      name: 'the scope of namespaces without namespaces',
      given: 'rbac.scope=namespaces',
      want: /watchNamespaces.*(?:minItems|at least 1)/,
    },
    {
      name: 'a flag that is a value',
      given: 'extraArgs.drain-delay=1s',
      want: /extraArgs\.drain-delay: this flag has a value of its own/,
    },
    {
      name: 'too short a grace period',
      given: 'terminationGracePeriodSeconds=30',
      want: /must not be less than drain\.delaySeconds and drain\.timeoutSeconds together, 310/,
    },
    {
      name: 'a field of the Service that is a value',
      given: 'service.extraSpec.type=NodePort',
      want: /service\.extraSpec\.type: the chart sets this field itself/,
    },
    {
      name: 'rights for a role that Kubernetes does not have',
      given: 'rbac.aggregateTo={viewer}',
      want: /rbac.aggregateTo.*view.*edit.*admin/,
    },
    {
      name: 'an autoscaler of a DaemonSet',
      given: 'kind=DaemonSet,autoscaling.enabled=true',
      want: /autoscaling\.enabled: a DaemonSet has one pod on each node/,
    },
    {
      name: 'a ServiceAccount without a name',
      given: 'serviceAccount.create=false',
      want: /serviceAccount\.name: needed/,
    },
    {
      name: 'a ServiceMonitor of nothing',
      given: 'metrics.enabled=false,metrics.serviceMonitor.enabled=true',
      want: /needs metrics\.enabled/,
    },
  ] as const;
  for (const { name, given, want } of REFUSED) {
    test(`refuses ${name}, and says so`, async () => {
      const { code, stderr } = await template(path, `--set=${given}`);
      assert.notEqual(code, 0);
      assert.match(stderr.replaceAll('\n', ' '), want);
    });
  }

  test('has the version of the program, and so have the image and the commands of the documentation', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    const chart = parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8')) as Readonly<Record<string, unknown>>;
    assert.deepEqual([chart['version'], chart['appVersion']], [version, version]);
    assert.match(readFileSync('Dockerfile', 'utf8'), new RegExp(`image\\.version="${version}"`));
    for (const { path: page, text } of readPages()) {
      for (const [name, tag] of text.matchAll(/oidc-ingress:(\d[\w.-]*\w)/g)) {
        assert.equal(tag, version, `${name} in ${page}`);
      }
    }
  });

  test('describes every value, and its schema knows exactly these', () => {
    const values = readChartValues(readFileSync(`${CHART}/values.yaml`, 'utf8')).flatMap(
      (section) => section.values,
    );
    assert.deepEqual(
      values.filter(({ description }) => description === undefined).map((value) => value.path),
      [],
    );
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;
    const known = new Set(values.map((value) => value.path));
    const inSchema = [...schemaPaths(schema)].filter((name) => name !== 'global');
    const isPartOfValue = (name: string): boolean => [...known].some((value) => name.startsWith(`${value}.`));
    assert.deepEqual(
      inSchema.filter((name) => !known.has(name) && !isPartOfValue(name)),
      [],
    );
    assert.deepEqual(
      [...known].filter((name) => !inSchema.includes(name)),
      [],
    );
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Of everything that has no properties of its own. */
function* schemaPaths({ properties = {} }: Schema, prefix = ''): Generator<string> {
  for (const [name, schema] of Object.entries(properties)) {
    if (schema.properties === undefined) yield `${prefix}${name}`;
    else yield* schemaPaths(schema, `${prefix}${name}.`);
    if (schema.properties !== undefined && name === 'resources') yield `${prefix}${name}`;
  }
}

/** Such as `networking.k8s.io ingresses: get, list, watch`. */
function describeRule(rule: Rule): string {
  const groups = rule.apiGroups.map((group) => (group === '' ? 'core' : group)).join(', ');
  const names = rule.resourceNames === undefined ? '' : ` named ${rule.resourceNames.join(', ')}`;
  return `${groups} ${rule.resources.join(', ')}${names}: ${rule.verbs.join(', ')}`;
}
