/** The sample manifests can be moved to other ports without losing anything. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { prepareManifests, rewriteManifest } from '../../../src/dev/demo-manifests.ts';
import { loadManifests } from '../../../src/files/load-manifests.ts';

const ELSEWHERE = { issuer: 'http://127.0.0.1:4001/', upstream: { address: '127.0.0.2', port: 3001 } };

test('the samples themselves are used where they fit', async () => {
  const { directory, remove } = await prepareManifests('examples', {
    issuer: 'http://127.0.0.1:4000/',
    upstream: { address: '127.0.0.1', port: 3000 },
  });
  assert.equal(directory, 'examples');
  await remove();
  assert.ok(existsSync('examples/orders.yaml'));
});

test('a copy names the other addresses, and is removed', async () => {
  const { directory, remove } = await prepareManifests('examples', ELSEWHERE);
  const { snapshot, faults } = await loadManifests([directory]);
  assert.deepEqual(faults, []);
  const policy = snapshot.policies.get('shop/orders-api');
  assert.equal(policy?.kind === 'valid' && policy.value.spec.provider.issuer, ELSEWHERE.issuer);
  const slice = snapshot.endpointSlices.get('shop/orders-1');
  assert.ok(slice?.kind === 'valid');
  assert.deepEqual(slice.value.endpoints[0]?.addresses, ['127.0.0.2']);
  assert.deepEqual(slice.value.ports[0]?.port, 3001);
  await remove();
  assert.ok(!existsSync(directory));
});

test('nothing else changes', async () => {
  const orders = await readFile('examples/orders.yaml', 'utf8');
  assert.equal(rewriteManifest(orders, ELSEWHERE), orders.replace('127.0.0.1:4000', '127.0.0.1:4001'));
  const upstream = await readFile('examples/upstream.yaml', 'utf8');
  assert.equal(
    rewriteManifest(upstream, ELSEWHERE),
    upstream
      .replace(/    port: 3000\nendpoints/, '    port: 3001\nendpoints')
      .replace('[127.0.0.1]', '[127.0.0.2]'),
  );
});
