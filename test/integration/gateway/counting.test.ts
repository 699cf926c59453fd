/** What the gateway costs at the provider, counted through the whole gateway with two proxy threads. */

import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { AUDIENCE, protectedBy, startWorld, surroundings, type World } from '../../support/world.ts';

const HOST = 'orders.example.com';
const CLIENTS = Array.from({ length: 1_000 }, (_, index) => `client-${index}`);
const secretOf = (clientId: string): string => `secret-of-${clientId}`;

describe('exchanges', () => {
  let world: World;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  before(async () => {
    const clients = [...CLIENTS, 'crowd', 'hammered', 'steady'];
    world = await startWorld({
      flags: ['--access-log=off', '--provider-rate=10000', '--provider-concurrency=32'],
      tenant: {
        clients: clients.map((clientId) => ({ clientId, clientSecrets: [secretOf(clientId)] })),
        apis: [{ identifier: AUDIENCE }],
        grants: clients.map((clientId) => ({ clientId, audience: AUDIENCE })),
      },
      manifests: ({ issuer, upstreamPort }) =>
        surroundings(upstreamPort) +
        protectedBy(
          'orders-api',
          `{ provider: { issuer: "${issuer}", timeout: 60s }, clientCredentials: { audience: "${AUDIENCE}" }, limits: { failuresPerMinute: 1000 } }`,
          HOST,
        ),
    });
  });
  after(async () => {
    agent.destroy();
    await world?.close();
  });

  /** On connections that stay open. @returns the status. */
  function ask(clientId: string, secret = secretOf(clientId)): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(
      {
        host: '127.0.0.1',
        port: world.gateway.ports.http,
        agent,
        headers: { host: HOST },
        auth: `${clientId}:${secret}`,
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end();
    return promise;
  }

  async function exchangesOf(work: () => Promise<unknown>): Promise<number> {
    const before = world.auth0.calls.exchanges;
    await work();
    return world.auth0.calls.exchanges - before;
  }

  test('1,000 concurrent requests of a new client are one exchange', async () => {
    const exchanges = await exchangesOf(async () => {
      const statuses = await Promise.all(Array.from({ length: 1_000 }, () => ask('crowd')));
      assert.ok(statuses.every((status) => status === 200));
    });
    assert.equal(exchanges, 1);
  });

  test('1,000 clients with 50 requests each are 1,000 exchanges', { timeout: 240_000 }, async () => {
    const exchanges = await exchangesOf(async () => {
      await Promise.all(
        CLIENTS.map(async (clientId) => {
          const statuses = await Promise.all(Array.from({ length: 50 }, () => ask(clientId)));
          assert.ok(
            statuses.every((status) => status === 200),
            clientId,
          );
        }),
      );
    });
    assert.equal(exchanges, 1_000);
  });

  test('a wrong secret that is hammered costs one exchange, and none for the right one', async () => {
    assert.equal(await ask('hammered'), 200);
    const startedAtMs = Date.now();
    const exchanges = await exchangesOf(async () => {
      for (let round = 0; round < 20; round += 1) {
        const wrong = await Promise.all(Array.from({ length: 50 }, () => ask('hammered', 'wrong')));
        assert.ok(wrong.every((status) => status === 401));
        assert.equal(await ask('hammered'), 200);
      }
    });
    // One for each rejectedTtl of 10 s that began meanwhile.
    const windows = 1 + Math.floor((Date.now() - startedAtMs) / 10_000);
    assert.ok(exchanges >= 1 && exchanges <= windows, `${exchanges} exchanges in ${windows} windows`);
  });

  test('a client with a live token is served while the provider is down, a new one is told to come back', async () => {
    assert.equal(await ask('steady'), 200);
    await world.auth0.close();
    const statuses = await Promise.all(Array.from({ length: 200 }, () => ask('steady')));
    assert.ok(statuses.every((status) => status === 200));
    assert.equal(await ask('newcomer'), 503);
  });
});
