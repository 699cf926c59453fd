/** `DELETE /v1/tokens` through a real gateway: who may purge, what goes, and that every proxy thread forgets it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { call, type Answer, type Call } from '../../support/http-client.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import {
  AUDIENCE,
  CLIENT,
  RIGHT,
  WRONG,
  protectedBy,
  specFor,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

const HOST = 'orders.example.com';
const TOKEN = 'operator-token-0123456789';
const OTHER = { id: 'other-client', secret: 'other-S3cret' } as const;
/** A new connection goes to any proxy thread: after so many calls both have served some. */
const ENOUGH_CALLS = 24;
const KEPT = 'oidc_ingress_token_cache_entries{cache="tokens"}';
const EVICTED = 'oidc_ingress_token_cache_evictions_total{cache="tokens",cause="purged"}';

const TENANT = {
  clients: [
    { clientId: CLIENT.id, clientSecrets: [CLIENT.secret] },
    { clientId: OTHER.id, clientSecrets: [OTHER.secret] },
  ],
  apis: [{ identifier: AUDIENCE, scopes: [] }],
  grants: [CLIENT, OTHER].map(({ id }) => ({ clientId: id, audience: AUDIENCE, scopes: [] })),
};

describe('purging tokens', () => {
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-purge-'));
  const tokenFile = join(directory, 'token');
  let world: World;
  before(async () => {
    writeFileSync(tokenFile, `${TOKEN}\n`);
    world = await startWorld({
      tenant: TENANT,
      flags: ['--workers=2', `--admin-token-file=${tokenFile}`],
      manifests: ({ issuer, upstreamPort }) =>
        surroundings(upstreamPort) +
        protectedBy('main', specFor(issuer, 'cache: { rejectedTtl: 25s }'), HOST),
    });
  });
  after(async () => {
    await world.close();
    rmSync(directory, { recursive: true });
  });

  function purge(query = '', options: Partial<Call> = {}): Promise<Answer> {
    return call({
      port: world.gateway.ports.admin,
      path: `/v1/tokens${query}`,
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
      ...options,
    });
  }

  async function metric(series: string): Promise<number | undefined> {
    const { text } = await call({ port: world.gateway.ports.admin, path: '/metrics' });
    return seriesOf(text).get(series);
  }

  /** Calls until every thread must have served some. @returns the exchanges that were made for it. */
  async function callAround(basic: string, status = 200): Promise<number> {
    const before = world.auth0.calls.exchanges;
    for (let count = 0; count < ENOUGH_CALLS; count++) {
      const answer = await world.call({ host: HOST, basic });
      assert.equal(answer.status, status, answer.text);
    }
    return world.auth0.calls.exchanges - before;
  }

  const REFUSED: readonly {
    readonly name: string;
    readonly query?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly status: number;
    readonly error: string;
  }[] = [
    {
      name: 'without a token',
      headers: {},
      status: 401,
      error: 'authorization: must be Bearer with the token of --admin-token-file',
    },
    {
      name: 'with another token',
      headers: { authorization: `Bearer ${TOKEN}x` },
      status: 401,
      error: 'authorization: must be Bearer with the token of --admin-token-file',
    },
    {
      name: 'with the token as a password',
      headers: { authorization: `Basic ${btoa(`:${TOKEN}`)}` },
      status: 401,
      error: 'authorization: must be Bearer with the token of --admin-token-file',
    },
    {
      name: 'with a parameter that is not known',
      query: '?client=partner-batch',
      status: 400,
      error: 'query: only clientId, once and not empty, or nothing for all tokens',
    },
    {
      name: 'with an empty client ID',
      query: '?clientId=',
      status: 400,
      error: 'query: only clientId, once and not empty, or nothing for all tokens',
    },
    {
      name: 'with two client IDs',
      query: '?clientId=a&clientId=b',
      status: 400,
      error: 'query: only clientId, once and not empty, or nothing for all tokens',
    },
  ];
  for (const { name, query, headers, status, error } of REFUSED) {
    test(`is refused ${name}, and nothing goes`, async () => {
      await callAround(RIGHT);
      const answer = await purge(query, headers === undefined ? {} : { headers });
      assert.deepEqual([answer.status, answer.json()], [status, { error }]);
      const challenge = answer.headers['www-authenticate'];
      assert.equal(challenge, status === 401 ? 'Bearer realm="oidc-ingress admin"' : undefined);
      assert.equal(await callAround(RIGHT), 0);
    });
  }

  test('is done in every thread before it is answered: the next request on any of them asks the provider', async () => {
    await callAround(RIGHT);
    world.auth0.tenant.deleteGrant(CLIENT.id, AUDIENCE);
    assert.equal(await callAround(RIGHT), 0);
    assert.equal((await purge()).status, 200);
    // A thread that still held its token would go on with 200; one exchange serves all of them.
    assert.equal(await callAround(RIGHT, 403), 1);
    world.auth0.tenant.setGrant({ clientId: CLIENT.id, audience: AUDIENCE, scopes: [] });
    assert.equal(await callAround(RIGHT, 403), 0);
    assert.equal((await purge(`?clientId=${CLIENT.id}`)).status, 200);
    assert.equal(await callAround(RIGHT), 1);
  });

  test('by client takes the entries of that client only, and counts them', async () => {
    await purge();
    await callAround(RIGHT);
    await callAround(`${OTHER.id}:${OTHER.secret}`);
    const answer = await purge(`?clientId=${OTHER.id}`);
    assert.deepEqual([answer.status, answer.json()], [200, { purged: 1 }]);
    assert.equal(await callAround(RIGHT), 0);
    assert.equal(await callAround(`${OTHER.id}:${OTHER.secret}`), 1);
  });

  test('counts refusals too', async () => {
    await purge();
    assert.equal(await callAround(WRONG, 401), 1);
    await callAround(RIGHT);
    assert.deepEqual((await purge(`?clientId=${CLIENT.id}`)).json(), { purged: 2 });
  });

  test('is counted by cause, and what is left is told', async () => {
    await purge();
    const gone = async (): Promise<number> => (await metric(EVICTED)) ?? 0;
    const before = await gone();
    await callAround(RIGHT);
    await callAround(`${OTHER.id}:${OTHER.secret}`);
    assert.equal(await metric(KEPT), 2);
    await purge(`?clientId=${OTHER.id}`);
    assert.deepEqual([await metric(KEPT), (await gone()) - before], [1, 1]);
  });

  test('of a client that is not known counts nothing', async () => {
    assert.deepEqual((await purge('?clientId=nobody')).json(), { purged: 0 });
  });

  test('is logged with the client and the number, never with the token', async () => {
    await purge(`?clientId=logged-client`);
    const line = await world.gateway.line((text) => text.includes('logged-client'));
    const { msg, clientId, purged } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual([msg, clientId, purged], ['tokens purged', 'logged-client', 0]);
    assert.ok(world.gateway.lines.every((text) => !text.includes(TOKEN)));
  });

  test('takes a changed token file at once, and refuses everybody while it holds none', async () => {
    writeFileSync(tokenFile, 'changed-token-0123456789');
    assert.equal((await purge()).status, 401);
    const headers = { authorization: 'Bearer changed-token-0123456789' };
    assert.equal((await purge('', { headers })).status, 200);
    writeFileSync(tokenFile, 'too-short');
    const answer = await purge('', { headers: { authorization: 'Bearer too-short' } });
    const error =
      'no usable --admin-token-file and no --admin-token-audience is set, so nobody may purge tokens';
    assert.deepEqual([answer.status, answer.json()], [403, { error }]);
    rmSync(tokenFile);
    assert.equal((await purge()).status, 403);
  });
});
