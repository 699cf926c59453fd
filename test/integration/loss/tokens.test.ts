/** What changes while tokens are asked for: policies, backends, the keys of the provider. No request is lost over it. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import type { TenantConfig } from '../../../src/dev/auth0/tenant.ts';
import { eventually } from '../../support/eventually.ts';
import { startGracefulUpstream, type GracefulUpstream } from '../../support/graceful-upstream.ts';
import type { Answer } from '../../support/http-client.ts';
import { loadDuring, type Caller } from '../../support/steady-load.ts';
import { AUDIENCE, ingress, policy, startWorld, surroundings, type World } from '../../support/world.ts';
import { applied } from './applied.ts';
import { assertNothingLost, PROTECTED_HOST } from './callers.ts';

const CLIENTS = 200;
const SECRET = 'S3cret-of-them-all';

const clientIds = Array.from({ length: CLIENTS }, (_, index) => `client-${index}`);

const TENANT: TenantConfig = {
  clients: clientIds.map((clientId) => ({ clientId, clientSecrets: [SECRET] })),
  // Under the load below they expire and are asked for anew all the time.
  apis: [{ identifier: AUDIENCE, scopes: ['read:orders'], tokenLifetimeSeconds: 7 }],
  grants: clientIds.map((clientId) => ({ clientId, audience: AUDIENCE, scopes: ['read:orders'] })),
};

interface Served {
  readonly port: number;
  readonly service?: string;
  readonly scopes?: string;
}

let world: World;
let pod: GracefulUpstream;
let clients = 0;
let versions = 0;

before(async () => {
  pod = await startGracefulUpstream();
  world = await startWorld({
    tenant: TENANT,
    manifests: ({ issuer }) => manifests(issuer, { port: pod.port }),
    flags: ['--access-log=errors', '--provider-rate=1000'],
  });
});
after(async () => {
  await world?.close();
  await pod.stop();
});

function manifests(issuer: string, { port, service = 'orders', scopes = '[]' }: Served): string {
  const grant = `provider: { issuer: "${issuer}" }, clientCredentials: { audience: "${AUDIENCE}" }`;
  // What says the same as before is not applied.
  versions += 1;
  return [
    surroundings(port).replaceAll('orders', service),
    ingress(PROTECTED_HOST, 'orders-api').replace('name: orders,', `name: ${service},`),
    policy('orders-api', `{ ${grant}, realm: "version ${versions}", require: { scopes: ${scopes} } }`),
  ].join('\n');
}

const serve = (served: Served): Promise<void> =>
  applied(world.gateway, () => world.write(manifests(world.auth0.issuer, served)));

/** By a client that has no token yet. */
function ask(): Promise<Answer> {
  clients += 1;
  return world.call({ host: PROTECTED_HOST, basic: `${clientIds[clients % CLIENTS]}:${SECRET}` });
}

describe('a request that waits for its token', () => {
  let release: () => void;
  let waiting: Promise<Answer>;

  beforeEach(async () => {
    await serve({ port: pod.port });
    const held = Promise.withResolvers<void>();
    release = held.resolve;
    const { exchanges } = world.auth0.calls;
    world.auth0.faults.token.next(1, { until: held.promise });
    waiting = ask();
    await eventually('the exchange is under way', async () => world.auth0.calls.exchanges > exchanges);
  });

  it('is judged by the policy that it came under, and the next one by the new policy', async () => {
    await serve({ port: pod.port, scopes: '["write:orders"]' });
    release();
    assert.equal((await waiting).status, 200);
    const { status, text } = await ask();
    assert.equal(status, 403, text);
  });

  it('is served when its route has moved to another service meanwhile', async () => {
    await serve({ port: pod.port, service: 'invoices' });
    release();
    const { status, text } = await waiting;
    assert.equal(status, 200, text);
  });

  it('is served when every pod of its service has been replaced meanwhile', async () => {
    const fresh = await startGracefulUpstream();
    await serve({ port: fresh.port });
    await pod.stop();
    pod = fresh;
    release();
    const { status, text } = await waiting;
    assert.equal(status, 200, text);
  });
});

it('signing keys that are rotated and tokens that expire under load lose no request', async () => {
  await serve({ port: pod.port });
  const { auth0 } = world;
  const callers = Array.from({ length: 6 }, (_, index): Caller => {
    let turn = index;
    return {
      name: `caller ${index}`,
      keepsConnection: index % 2 === 0,
      // Another client each time, of few: some have a token, some need one.
      next: () => {
        turn += 1;
        const basic = `${clientIds[turn % 20]}:${SECRET}`;
        return { port: world.gateway.ports.http, host: PROTECTED_HOST, basic };
      },
    };
  });
  const report = await loadDuring(callers, async () => {
    for (let rotation = 0; rotation < 2; rotation += 1) {
      const { exchanges } = auth0.calls;
      await eventually('tokens of the key', async () => auth0.calls.exchanges > exchanges + 20);
      await auth0.keys.rotate();
    }
    const { jwksFetches, exchanges } = auth0.calls;
    await eventually('the keys are read anew', async () => auth0.calls.jwksFetches > jwksFetches);
    auth0.keys.revokePrevious();
    await eventually('tokens of the newest key', async () => auth0.calls.exchanges > exchanges + 40);
  });
  assertNothingLost(report, callers);
});
