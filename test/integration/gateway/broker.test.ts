/** What the token broker promises, as callers of the whole gateway see it. */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { decodeJwt, decodeProtectedHeader } from 'jose';

import { eventually } from '../../support/eventually.ts';
import type { Answer } from '../../support/http-client.ts';
import { loadDuring, type Caller } from '../../support/steady-load.ts';
import {
  AUDIENCE,
  echoOf,
  protectedBy,
  specFor,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

/** The upstream shows what it gets, but for Authorization. */
const SHOWN = 'upstream: { token: { header: X-Token } }';
const CLIENTS = ['impatient', 'shared', 'steady', 'short-lived', 'bearer'];
const secretOf = (clientId: string): string => `secret-of-${clientId}`;
const basicOf = (clientId: string): string => `${clientId}:${secretOf(clientId)}`;

describe('the token broker', { timeout: 60_000 }, () => {
  let world: World;

  before(async () => {
    world = await startWorld({
      flags: ['--access-log=off'],
      tenant: {
        clients: CLIENTS.map((clientId) => ({ clientId, clientSecrets: [secretOf(clientId)] })),
        apis: [{ identifier: AUDIENCE, scopes: ['read:orders', 'write:orders'] }],
        grants: CLIENTS.map((clientId) => ({ clientId, audience: AUDIENCE, scopes: ['read:orders'] })),
      },
      manifests: ({ issuer, upstreamPort }) =>
        surroundings(upstreamPort) +
        protectedBy('read', specFor(issuer, SHOWN, 'bearer: {}', 'require: { scopes: ["read:orders"] }')) +
        protectedBy('write', specFor(issuer, 'require: { scopes: ["write:orders"] }')) +
        protectedBy('brief', specFor(issuer, SHOWN, 'cache: { maxTtl: 1s }')),
    });
  });
  after(() => world?.close());

  const host = (policy: string): string => `${policy}.example.com`;
  const tokenIn = (answer: Answer): string => String(echoOf(answer).headers['x-token']);

  async function exchangesOf(work: () => Promise<unknown>): Promise<number> {
    const asked = world.auth0.calls.exchanges;
    await work();
    return world.auth0.calls.exchanges - asked;
  }

  test('finishes the exchange of a caller that hangs up, for the next one', async () => {
    const exchanges = await exchangesOf(async () => {
      const asked = world.auth0.calls.exchanges;
      const { promise: opened, resolve: open } = Promise.withResolvers<void>();
      world.auth0.faults.token.next(1, { until: opened });
      const { http: port } = world.gateway.ports;
      const sent = request({
        host: '127.0.0.1',
        port,
        headers: { host: host('read') },
        auth: basicOf('impatient'),
      });
      const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();
      sent.on('error', () => {}).on('close', isGone);
      sent.end();
      await eventually('the token is asked for', async () => world.auth0.calls.exchanges > asked);
      sent.destroy();
      await gone;
      const next = world.call({ host: host('read'), basic: basicOf('impatient') });
      open();
      assert.equal((await next).status, 200);
    });
    assert.equal(exchanges, 1);
  });

  test('shares a token between policies that ask for the same, and judges it by each of them', async () => {
    const exchanges = await exchangesOf(async () => {
      const read = await world.call({ host: host('read'), basic: basicOf('shared') });
      assert.equal(read.status, 200);
      const write = await world.call({ host: host('write'), basic: basicOf('shared') });
      assert.equal(write.status, 403);
      assert.equal(write.json()['reason'], 'InsufficientScope');
    });
    assert.equal(exchanges, 1);
  });

  test('fails no request while the keys of the issuer rotate', async () => {
    /** By caller: the keys that signed what reached the upstream. */
    const seen = new Map<string, Set<string>>();
    const caller = (clientId: string, policy: string, authorization?: string): Caller => ({
      name: clientId,
      keepsConnection: true,
      next: () => ({
        port: world.gateway.ports.http,
        host: host(policy),
        ...(authorization === undefined ? { basic: basicOf(clientId) } : { headers: { authorization } }),
      }),
      check(answer) {
        const token = tokenIn(answer);
        const keys = seen.get(clientId) ?? new Set<string>();
        seen.set(clientId, keys.add(decodeProtectedHeader(token).kid ?? ''));
        return decodeJwt(token)['azp'] === clientId ? undefined : 'a token of another client';
      },
    });
    const keyIds = (): readonly string[] => world.auth0.keys.publicKeys().map(({ kid = '' }) => kid);
    const signing = (): string => world.auth0.keys.current('RS256').kid;
    const first = signing();
    await world.auth0.keys.rotate();
    const brought = tokenIn(await world.call({ host: host('brief'), basic: basicOf('bearer') }));
    assert.equal(decodeProtectedHeader(brought).kid, signing());
    const load = await loadDuring(
      [
        caller('short-lived', 'brief'),
        caller('steady', 'read'),
        caller('bearer', 'read', `Bearer ${brought}`),
      ],
      async () => {
        await eventually('all are served', async () => seen.size === 3);
        // The first of these makes a key sign that the gateway has not seen, and takes one away.
        for (let rotations = 0; rotations < 2; rotations += 1) {
          await world.auth0.keys.rotate();
          const isServed = async () => seen.get('short-lived')?.has(signing()) === true;
          await eventually('tokens of the new key are served', isServed);
        }
      },
    );
    assert.deepEqual(load.failed, []);
    assert.ok(!keyIds().includes(first));
    assert.ok((seen.get('short-lived')?.size ?? 0) >= 3, 'tokens of three keys were served');
  });
});
