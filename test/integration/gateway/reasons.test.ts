/**
 * Every reason that a caller can be told, provoked through the whole gateway: status, headers, body, and the upstream
 * untouched; and what the operator sees of it, in the counters and in the access log.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { REASONS, type Reason } from '../../../src/model/reasons.ts';
import { freePort } from '../../support/free-port.ts';
import { call as plainCall } from '../../support/http-client.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import { AUDIENCE, CLIENT, RIGHT, startWorld, type World } from '../../support/world.ts';
import { CASES, fresh, manifests, seenOf, type Case } from './reason-cases.ts';

describe('what a caller is told', () => {
  let world: World;
  const told: { readonly given: Case; readonly requestId: string }[] = [];
  const garbage = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  });

  before(async () => {
    garbage.listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    const { port: garbagePort } = garbage.address() as AddressInfo;
    const closed = await freePort();
    world = await startWorld({
      flags: ['--workers=1', '--upstream-first-byte-timeout=1s', '--max-upstream-requests=1'],
      tenant: {
        clients: ['without-grant', 'second', CLIENT.id].map((clientId) => ({
          clientId,
          clientSecrets: [CLIENT.secret],
        })),
        apis: [{ identifier: AUDIENCE, scopes: ['read:orders'] }],
        grants: [CLIENT.id, 'second'].map((clientId) => ({
          clientId,
          audience: AUDIENCE,
          scopes: ['read:orders'],
        })),
      },
      manifests: ({ issuer, upstreamPort }) =>
        manifests(issuer, { upstream: upstreamPort, garbage: garbagePort, closed }),
    });
    // What the limits of two cases count.
    await world.call({ host: 'exchanges.example.com', basic: fresh('without-grant') });
    await world.call({ host: 'failures.example.com', basic: `${CLIENT.id}:first` });
    await world.call({ host: 'failures.example.com', basic: `${CLIENT.id}:second` });
  });
  after(async () => {
    await world?.close();
    garbage.close();
  });

  /** Counters by their series; what is served beside the refusals is left out. */
  async function refusals(): Promise<ReadonlyMap<string, number>> {
    const { text } = await plainCall({ port: world.gateway.ports.admin, path: '/metrics' });
    const isRefusal = (series: string): boolean =>
      /^oidc_ingress_(?:requests|auth_decisions)_total/.test(series) &&
      !/status="200"|reason=""/.test(series);
    return new Map([...seriesOf(text)].filter(([series]) => isRefusal(series)));
  }

  async function assertCounted(given: Case, before: ReadonlyMap<string, number>): Promise<void> {
    const { namespace, ingress, service, policy, auth } = seenOf(given);
    const { reason, call: { method = 'GET' } = {} } = given;
    const { status } = REASONS[reason];
    const answers = `oidc_ingress_requests_total{namespace="${namespace}",ingress="${ingress}",service="${service}",method="${method}",status="${status}"}`;
    const decisions = `oidc_ingress_auth_decisions_total{policy="${policy}",outcome="${auth}",reason="${reason}"}`;
    const counted = [...(await refusals())].map(
      ([series, count]) => [series, count - (before.get(series) ?? 0)] as const,
    );
    assert.deepEqual(
      Object.fromEntries(counted.filter(([, more]) => more !== 0)),
      policy === '' ? { [answers]: 1 } : { [answers]: 1, [decisions]: 1 },
    );
  }

  for (const given of CASES) {
    const { reason, name, host = 'main', call = {}, prepare } = given;
    const { serverName, challenge, isRetryAfterWanted = false } = given;
    test(`${REASONS[reason].status} ${reason}: ${name}`, async () => {
      const pending = await prepare?.(world.auth0, world);
      const before = world.upstream.requests;
      const counted = await refusals();
      const request = { host: `${host}.example.com`, ...call };
      const answer =
        serverName === undefined
          ? await world.call(request)
          : await plainCall({ port: world.gateway.ports.https, serverName, ...request });
      const problem = answer.json();
      assert.equal(problem['reason'], reason, answer.text);
      assert.equal(answer.status, REASONS[reason].status);
      assert.equal(problem['status'], answer.status);
      assert.equal(problem['title'], REASONS[reason].title);
      assert.equal(problem['type'], `https://oidc-ingress.io/docs/reference/reasons#${reason}`);
      assert.equal(problem['instance'], answer.headers['x-request-id']);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(
        answer.headers['www-authenticate'] !== undefined,
        answer.status === 401,
        'a challenge on 401 only',
      );
      if (challenge !== undefined) assert.match(String(answer.headers['www-authenticate']), challenge);
      if (isRetryAfterWanted) assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
      const isSentUpstream = reason === 'UpstreamTimeout';
      assert.equal(
        world.upstream.requests,
        before + (isSentUpstream ? 1 : 0),
        'requests that reached the upstream',
      );
      await assertCounted(given, counted);
      await pending?.ended;
      told.push({ given, requestId: String(answer.headers['x-request-id']) });
    });
  }

  test('every reason of the table is provoked', () => {
    const provoked = new Set(CASES.map(({ reason }) => reason));
    assert.deepEqual(
      Object.keys(REASONS).filter((reason) => !provoked.has(reason as Reason)),
      [],
    );
  });

  test('the access log has a line for each of these, with what the caller was told and where', async () => {
    assert.equal(told.length, CASES.length);
    for (const { given, requestId } of told) {
      const text = await world.gateway.line((line) => line.includes(`"request_id":"${requestId}"`));
      const line = JSON.parse(text) as Readonly<Record<string, unknown>>;
      const { status, reason, namespace = '', ingress = '', service = '', policy = '', auth } = line;
      const want = { status: REASONS[given.reason].status, reason: given.reason, ...seenOf(given) };
      assert.deepEqual({ status, reason, namespace, ingress, service, policy, auth }, want, given.name);
    }
  });

  test('the access log says why a route is refused, and the caller is not told', async () => {
    const refused = told.filter(({ given }) => given.reason === 'PolicyUnavailable');
    const causes = refused.map(async ({ requestId }) => {
      const line = await world.gateway.line((text) => text.includes(`"request_id":"${requestId}"`));
      return (JSON.parse(line) as { readonly cause?: string }).cause;
    });
    assert.deepEqual(await Promise.all(causes), [
      'PolicyNotFound: OIDCPolicy shop/no-such-policy does not exist',
      'PolicyInvalid: OIDCPolicy shop/typo cannot be enforced: Invalid, see its condition Accepted',
    ]);
    const { text } = await world.call({ host: 'no-policy.example.com' });
    assert.doesNotMatch(text, /no-such-policy|PolicyNotFound/);
  });

  test('the upstream serves who may after all of these', async () => {
    const answer = await world.call({ host: 'main.example.com', basic: RIGHT });
    assert.equal(answer.status, 200, answer.text);
  });
});
