/** What a connection presented before never serves a request that presents something else. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ExchangeOutcome, TokenRequest } from '../../../src/authz/ports.ts';
import {
  BASIC,
  credentialsPlan,
  grantOf,
  head,
  PLAN_KEY,
  planOf,
  startGateway,
  tableFor,
  type GatewayOptions,
} from './harness.ts';
import { openCaller, startFixedUpstream, type RawCaller } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';
const OTHER = `Basic ${Buffer.from('other:0ther').toString('base64')}`;

/** Each client gets a token of its own, by which the service sees whom it serves. */
function byClient(request: TokenRequest): ExchangeOutcome {
  const name = request.kind === 'exchange' ? request.clientId : 'bearer';
  return grantOf({ token: `token-of-${name}`, claims: { azp: name, aud: 'https://orders.example.com/' } });
}

async function start(
  test: { after(fn: () => Promise<void>): void },
  plan = planOf(),
  options: Partial<GatewayOptions> = {},
) {
  const upstream = await startFixedUpstream(OK);
  test.after(() => upstream.close());
  const table = tableFor([upstream.port], { plan });
  const gateway = await startGateway(test, { table, outcome: byClient, ...options });
  const caller = await openCaller(gateway.port);
  return { upstream, gateway, table, caller };
}

/** One request on a connection that stays open. @returns the status and, as the service saw it, the token */
async function ask(
  caller: RawCaller,
  upstream: { requests(): readonly string[] },
  lines: readonly string[],
  target = '/',
): Promise<string> {
  const before = caller.text.length;
  const served = upstream.requests().length;
  caller.send(head(`GET ${target} HTTP/1.1`, HOST, ...lines));
  const text = await caller.until((text) => {
    const answer = text.slice(before);
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer)?.[1];
    return length !== undefined && answer.length >= answer.indexOf('\r\n\r\n') + 4 + Number(length);
  });
  const status = text.slice(before + 9, before + 12);
  const token = /\r\nauthorization: Bearer (\S+)/i.exec(upstream.requests()[served] ?? '')?.[1];
  return token === undefined ? status : `${status} ${token}`;
}

describe('a connection that presented credentials', () => {
  it('is served under those of each request, whichever came before', async (test) => {
    const { caller, upstream } = await start(test);
    for (let round = 0; round < 3; round += 1) {
      assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
      assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
      assert.equal(await ask(caller, upstream, [`Authorization: ${OTHER}`]), '200 token-of-other');
    }
    assert.equal(await ask(caller, upstream, []), '401');
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
  });

  it('is served once as each of two clients that take turns, a hundred times', async (test) => {
    const { caller, upstream } = await start(test);
    for (let count = 0; count < 100; count += 1) {
      const [line, want] = count % 2 === 0 ? [BASIC, 'partner'] : [OTHER, 'other'];
      assert.equal(await ask(caller, upstream, [`Authorization: ${line}`]), `200 token-of-${want}`);
    }
  });

  it('is not served under them where others stand beside', async (test) => {
    const clientCredentials = credentialsPlan({ sources: ['Basic', 'Query'] });
    const { caller, upstream } = await start(test, planOf({ clientCredentials }));
    const query = '/?client_id=other&client_secret=0ther';
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
    assert.equal(await ask(caller, upstream, [], query), '200 token-of-other');
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
    const both = await ask(caller, upstream, [`Authorization: ${BASIC}`], query);
    assert.match(both, /^40[01]$/);
  });

  it('is not served under them where a second line of Authorization stands beside', async (test) => {
    const { caller, upstream } = await start(test);
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
    const two = await ask(caller, upstream, [`Authorization: ${BASIC}`, `Authorization: ${OTHER}`]);
    assert.match(two, /^40[01]$/);
  });

  it('is judged by the policy that holds now', async (test) => {
    const { caller, upstream, gateway, table } = await start(test);
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
    const rules = planOf({ clientCredentials: undefined, bearer: true });
    gateway.apply({ ...table, plans: { [PLAN_KEY]: rules } });
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '401');
    gateway.apply(table);
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '200 token-of-partner');
  });

  it('gets another token where the policy asks for another', async (test) => {
    const { caller, upstream, gateway, table } = await start(test);
    await ask(caller, upstream, [`Authorization: ${BASIC}`]);
    await ask(caller, upstream, [`Authorization: ${BASIC}`]);
    const plan = planOf({ clientCredentials: credentialsPlan({ audience: 'https://b.example.com/' }) });
    gateway.apply({ ...table, plans: { [PLAN_KEY]: plan } });
    await ask(caller, upstream, [`Authorization: ${BASIC}`]);
    const keys = gateway.asked.map(({ key }) => key);
    assert.equal(keys.length, 3);
    assert.equal(keys[0], keys[1]);
    assert.notEqual(keys[1], keys[2]);
  });

  it('gets the token for what its request chooses, whatever was chosen before', async (test) => {
    const callerParameters = [
      { name: 'organization', from: { header: 'x-org' }, allowed: ['org_a', 'org_b'] },
    ];
    const { caller, upstream, gateway } = await start(
      test,
      planOf({ clientCredentials: credentialsPlan({ callerParameters }) }),
    );
    for (const org of ['org_a', 'org_b', undefined, 'org_a', undefined]) {
      const lines = org === undefined ? [] : [`X-Org: ${org}`];
      await ask(caller, upstream, [`Authorization: ${BASIC}`, ...lines]);
    }
    const [a, b, none, a2, none2] = gateway.asked.map(({ key }) => key);
    assert.deepEqual([a2, none2], [a, none]);
    assert.equal(new Set([a, b, none]).size, 3);
  });

  it('is refused from the moment on that they are refused', async (test) => {
    let outcome: ExchangeOutcome = grantOf();
    const { caller, upstream } = await start(test, planOf(), { outcome: () => outcome });
    assert.match(await ask(caller, upstream, [`Authorization: ${BASIC}`]), /^200/);
    outcome = {
      kind: 'refused',
      reason: 'InvalidClient',
      detail: 'the secret has been replaced',
      keepUntilMs: undefined,
      retryAtMs: undefined,
    };
    assert.equal(await ask(caller, upstream, [`Authorization: ${BASIC}`]), '401');
    outcome = grantOf();
    assert.match(await ask(caller, upstream, [`Authorization: ${BASIC}`]), /^200/);
  });
});
