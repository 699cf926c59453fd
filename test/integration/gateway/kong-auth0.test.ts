/**
 * The set-up that this product began from, as Kong documents it for Auth0: a headless consumer with a client ID and a
 * client secret, an Auth0 API with an identifier, `audience` sent as an argument of the token request, and credentials
 * by header, by query or by form body.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import {
  AUDIENCE,
  CLIENT,
  RIGHT,
  WRONG,
  echoOf,
  protectedBy,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

const HOST = 'orders.example.com';

describe("Kong's set-up for Auth0", () => {
  let world: World;

  before(async () => {
    world = await startWorld({
      manifests: ({ issuer, upstreamPort }) =>
        surroundings(upstreamPort) +
        protectedBy(
          'orders-api',
          `{ provider: { issuer: "${issuer}" }, clientCredentials: { audience: "${AUDIENCE}", sources: [Basic, Query, Body] } }`,
          HOST,
        ),
    });
  });
  after(async () => world.close());

  test('credentials in the header reach the upstream as a token of Auth0 for the API', async () => {
    const answer = await world.call({ host: HOST, path: '/v1/orders', basic: RIGHT });
    assert.equal(answer.status, 200, answer.text);
    const { authorization } = echoOf(answer);
    assert.equal(authorization?.scheme, 'Bearer');
    assert.equal(authorization.claims?.iss, world.auth0.issuer);
    assert.equal(authorization.claims.aud, AUDIENCE);
    assert.equal(authorization.claims['azp'], CLIENT.id);
    assert.equal(authorization.claims.sub, `${CLIENT.id}@clients`);
  });

  test('the token request carries the audience as an argument, in the form that Auth0 documents', () => {
    const [request] = world.auth0.tokenRequests;
    assert.equal(request?.contentType, 'application/x-www-form-urlencoded');
    assert.deepEqual(request.parameters, {
      grant_type: 'client_credentials',
      client_id: CLIENT.id,
      audience: AUDIENCE,
    });
  });

  test('credentials in the query serve the same, and are gone from the URL of the upstream', async () => {
    const query = new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret });
    const answer = await world.call({ host: HOST, path: `/v1/orders?page=2&${query.toString()}&sort=a%20b` });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(echoOf(answer).url, '/v1/orders?page=2&sort=a%20b');
    assert.equal(echoOf(answer).authorization?.claims?.['azp'], CLIENT.id);
  });

  test('credentials in a form body serve the same, and are gone from the body of the upstream', async () => {
    const credentials = new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret });
    const answer = await world.call({
      host: HOST,
      path: '/v1/orders',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `item=42&${credentials.toString()}&note=a+b`,
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(echoOf(answer).body, 'item=42&note=a+b');
    assert.equal(echoOf(answer).headers['content-length'], String('item=42&note=a+b'.length));
  });

  test('all of these together cost one token', () => {
    assert.equal(world.auth0.calls.exchanges, 1);
  });

  test('a wrong secret is refused with 401 and never reaches the upstream, nor does it lock out the right one', async () => {
    const before = world.upstream.requests;
    const refused = await world.call({ host: HOST, path: '/v1/orders', basic: WRONG });
    assert.equal(refused.status, 401);
    assert.equal(refused.json()['reason'], 'InvalidClient');
    assert.equal(refused.headers['content-type'], 'application/problem+json');
    assert.equal(refused.headers['www-authenticate'], 'Basic realm="orders-api", charset="UTF-8"');
    assert.equal(world.upstream.requests, before);
    const served = await world.call({ host: HOST, path: '/v1/orders', basic: RIGHT });
    assert.equal(served.status, 200);
  });

  test('no credentials are answered with a challenge', async () => {
    const answer = await world.call({ host: HOST, path: '/v1/orders' });
    assert.equal(answer.status, 401);
    assert.equal(answer.json()['reason'], 'MissingCredentials');
    assert.match(String(answer.headers['www-authenticate']), /^Basic realm="orders-api"/);
  });

  test('the access log tells who called, from where the credentials came, and none of the secrets', async () => {
    const line = await world.gateway.line((text) => text.includes('"credential_source":"Query"'));
    const record = JSON.parse(line) as Record<string, unknown>;
    assert.equal(record['path'], '/v1/orders?page=2&sort=a%20b');
    assert.equal(record['client_id'], CLIENT.id);
    assert.equal(record['policy'], 'shop/orders-api');
    assert.equal(record['auth'], 'allow');
    const output = world.gateway.lines.join('\n');
    for (const form of [
      CLIENT.secret,
      encodeURIComponent(CLIENT.secret),
      Buffer.from(RIGHT).toString('base64'),
      'wrong-S3cret',
    ]) {
      assert.ok(!output.includes(form), `the output holds ${form}`);
    }
  });
});
