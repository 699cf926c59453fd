/** Constant load while pods come and go: each is removed from its EndpointSlice, then stopped as pods are. */

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';

import { startGracefulUpstream, type GracefulUpstream } from '../../support/graceful-upstream.ts';
import { loadDuring, type Caller } from '../../support/steady-load.ts';
import { ingress, protectedBy, specFor, startWorld, surroundings, type World } from '../../support/world.ts';
import { applied } from './applied.ts';
import { assertNothingLost, everyCaller, OPEN_HOST, PROTECTED_HOST } from './callers.ts';

const PODS = 3;
const REPLACEMENTS = 10;

let world: World;
let pods: GracefulUpstream[];

before(async () => {
  pods = await Promise.all(Array.from({ length: PODS }, startGracefulUpstream));
  world = await startWorld({ manifests: ({ issuer }) => manifests(issuer), flags: ['--access-log=errors'] });
});
after(async () => {
  await world?.close();
  await Promise.all(pods.map((pod) => pod.stop()));
});

function manifests(issuer: string): string {
  const [first, ...others] = pods.map(({ port }) => port);
  return [
    surroundings(first ?? 0),
    ...others.map((port) => slice(port)),
    ingress(OPEN_HOST),
    protectedBy('orders-api', specFor(issuer), PROTECTED_HOST),
  ].join('\n');
}

/** The pods of a test differ by port: each has a slice of its own. */
function slice(port: number): string {
  return `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: orders-${port}, namespace: shop, labels: { kubernetes.io/service-name: orders } }
addressType: IPv4
ports: [{ name: http, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;
}

it('loses no request while pods are replaced, and lets each finish what it has begun', async () => {
  const write = (): void => world.write(manifests(world.auth0.issuer));
  const { ports } = world.gateway;
  const callers = [...everyCaller({ http: () => ports.http, https: () => ports.https }), ...slowCallers()];
  const report = await loadDuring(callers, async () => {
    for (let turn = 0; turn < REPLACEMENTS; turn += 1) {
      const fresh = await startGracefulUpstream();
      const [old, ...kept] = pods;
      assert.ok(old !== undefined);
      pods = [...kept, fresh];
      await applied(world.gateway, write);
      await old.stop();
      assert.ok(old.requests > 0);
    }
  });
  assertNothingLost(report, callers);
});

/** Their requests are under way when a pod is told to stop. */
function slowCallers(): readonly Caller[] {
  return ['GET', 'POST'].map((method) => ({
    name: `slow ${method}`,
    keepsConnection: true,
    next: () => ({
      port: world.gateway.ports.http,
      host: OPEN_HOST,
      path: '/delay/300',
      method,
      ...(method === 'POST' && { body: 'slow' }),
    }),
  }));
}
