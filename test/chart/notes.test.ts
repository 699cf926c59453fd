/** What Helm prints in the end is true of what it has installed: addresses, names, manifests, warnings. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parse } from 'yaml';

import { decodeObject } from '../../src/decode/decode-object.ts';
import { findHelm } from '../support/helm.ts';
import { skipWithout } from '../support/tools.ts';
import { CHART, runHelm, VALUES_FILES } from './render.ts';

const helm = await findHelm();
const path = helm.kind === 'binary' ? helm.path : '';

/** The objects and the notes of an installation that is not made. */
async function install(...flags: readonly string[]): Promise<{ objects: string; notes: string }> {
  const where = ['gw', CHART, '--namespace=edge', '--dry-run=client'];
  const { code, stdout, stderr } = await runHelm(path, 'install', ...where, ...flags);
  assert.equal(code, 0, stderr);
  const [objects = '', notes = ''] = stdout.split('\nNOTES:\n');
  return { objects, notes };
}

const CASES: readonly {
  readonly name: string;
  readonly given: readonly string[];
  readonly want: readonly string[];
}[] = [
  {
    name: 'a load balancer',
    given: [],
    want: ["kubectl -n edge get service gw-oidc-ingress -o jsonpath='{.status.loadBalancer.ingress[0]}'"],
  },
  {
    name: 'ports of nodes',
    given: ['--set=service.type=NodePort'],
    want: ["kubectl -n edge get service gw-oidc-ingress -o jsonpath='{.spec.ports[*].nodePort}'"],
  },
  {
    name: 'an address of the cluster only',
    given: ['--set=service.type=ClusterIP', '--set=service.ports.http=8000'],
    want: ['http://gw-oidc-ingress.edge.svc:8000/'],
  },
  {
    name: 'no Service',
    given: [`--values=${VALUES_FILES.get('daemonset')}`],
    want: [
      'kubectl -n edge rollout status daemonset/gw-oidc-ingress',
      'kubectl -n edge port-forward daemonset/gw-oidc-ingress 8080:8080',
    ],
  },
  {
    name: 'names and a class of its own',
    given: [`--values=${VALUES_FILES.get('everything')}`],
    want: ['serves Ingresses of class protected.', 'kubectl -n edge rollout status deployment/gateway'],
  },
];

/** Helm 3 renders notes only where it reaches a cluster. */
const needsCluster = path !== '' && (await runHelm(path, 'version', '--short')).stdout.startsWith('v3.');
const skip = skipWithout(helm) || (needsCluster && 'Helm 3 renders notes with a cluster only');

describe('the notes of the chart', { skip }, () => {
  for (const { name, given, want } of CASES) {
    test(`with ${name} lead to the gateway`, async () => {
      const { objects, notes } = await install(...given);
      for (const line of want) assert.ok(notes.includes(line), notes);
      for (const [, kind = '', object = ''] of notes.matchAll(/(deployment|daemonset|service)[ /](\S+)/g)) {
        assert.match(objects, new RegExp(`^kind: ${kind}\\nmetadata:\\n  name: ${object}$`, 'im'));
      }
    });
  }

  test('have a policy that decodes', async () => {
    const { notes } = await install();
    const [, manifest = ''] = /<<'YAML'\n([\s\S]*?)\n +YAML\n/.exec(notes) ?? [];
    const object = decodeObject(parse(manifest));
    assert.ok('decoded' in object);
    assert.deepEqual(object.decoded.kind === 'invalid' ? object.decoded.faults : [], []);
  });

  test('warn of one replica and of insecure issuers, where there is reason', async () => {
    const risky = await install('--set=allowInsecureIssuers=true');
    assert.match(risky.notes, /set replicaCount to 2 or more/);
    assert.match(risky.notes, /WARNING: allowInsecureIssuers/);
    const sound = await install('--set=replicaCount=2');
    assert.doesNotMatch(sound.notes, /replicaCount|WARNING/);
  });
});
