/** Secrets and tokens with marks, driven through every path of the gateway; then every output is searched for them. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { AUDIENCE, ingress, protectedBy, startWorld, surroundings, type World } from '../../support/world.ts';
import { call } from '../../support/http-client.ts';

const CLIENT_ID = 'marked-client';
const SECRET = 'MARK/one+two=three four';
const WRONG_SECRET = 'MARK-wrong/secret+x';
const PARAMETER_VALUE = 'MARK-parameter-value';
const HEADER_VALUE = 'MARK-header-value';
const SERVICE_KEY = 'MARK-key-of-the-service';

const TENANT = {
  clients: [
    { clientId: CLIENT_ID, clientSecrets: [SECRET] },
    { clientId: 'without-grant', clientSecrets: [SECRET] },
  ],
  apis: [{ identifier: AUDIENCE, scopes: ['read:orders'] }],
  grants: [{ clientId: CLIENT_ID, audience: AUDIENCE, scopes: ['read:orders'] }],
};

/** What the token endpoint plays for one request each, and the reason that the caller is told. */
const FLAWS = [
  {
    name: 'an answer that echoes the secret',
    answer: {
      status: 400,
      body: JSON.stringify({ error: 'invalid_request', error_description: `bad ${SECRET}` }),
    },
  },
  {
    name: 'an HTML page with the secret',
    answer: { status: 502, body: `<html>${SECRET}</html>`, headers: { 'content-type': 'text/html' } },
  },
  { name: 'a success without a token', answer: { status: 200, body: JSON.stringify({ secret: SECRET }) } },
  {
    name: 'an opaque token',
    answer: {
      status: 200,
      body: JSON.stringify({ access_token: 'MARK-opaque-token', token_type: 'Bearer', expires_in: 60 }),
    },
  },
];

describe('secrets and tokens', () => {
  let world: World;
  const tokens = new Set<string>();
  const bodies: string[] = [];
  const recorder = createServer((request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined) tokens.add(token);
    response.end('recorded');
  });

  before(async () => {
    recorder.listen(0, '127.0.0.1');
    await once(recorder, 'listening');
    const { port } = recorder.address() as AddressInfo;
    world = await startWorld({
      tenant: TENANT,
      flags: ['--log-level=debug', '--workers=1'],
      manifests: ({ issuer }) =>
        surroundings(port) +
        protectedBy(
          'marked',
          `{ provider: { issuer: "${issuer}" }, bearer: {}, clientCredentials: { audience: "${AUDIENCE}", sources: [Basic, Query, Body],
             parameters: [{ name: vendor, value: "${PARAMETER_VALUE}" }], headers: [{ name: X-Vendor, value: "${HEADER_VALUE}" }] } }`,
        ) +
        ingress('open.example.com').replace(
          'annotations: {}',
          `annotations: { oidc-ingress.io/request-headers: "set X-Api-Key: ${SERVICE_KEY}" }`,
        ),
    });
  });
  after(async () => {
    await world.close();
    recorder.close();
  });

  async function send(
    options: Omit<Parameters<World['call']>[0], 'host'> & { readonly host?: string },
  ): Promise<number> {
    const answer = await world.call({ host: 'marked.example.com', ...options });
    bodies.push(answer.text, JSON.stringify(answer.headers));
    return answer.status;
  }

  test('travel every path', async () => {
    const query = new URLSearchParams({ client_id: CLIENT_ID, client_secret: SECRET }).toString();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const json = { 'content-type': 'application/json' };
    const basic = `${CLIENT_ID}:${SECRET}`;
    assert.equal(await send({ basic }), 200);
    assert.equal(await send({ path: `/a?${query}` }), 200);
    assert.equal(await send({ method: 'POST', headers: form, body: query }), 200);
    assert.equal(
      await send({
        method: 'POST',
        headers: json,
        body: JSON.stringify({ client_id: CLIENT_ID, client_secret: SECRET }),
      }),
      200,
    );
    assert.equal(await send({ basic: `${CLIENT_ID}:${WRONG_SECRET}` }), 401);
    assert.equal(await send({ basic: `without-grant:${SECRET}` }), 403);
    assert.equal(await send({ path: `/a?${query}`, basic: `other:${SECRET}` }), 400);
    assert.equal(await send({ method: 'POST', headers: json, body: `{"client_secret":"${SECRET}"` }), 400);
    assert.equal(await send({ headers: { authorization: `Basic ${SECRET}` } }), 401);
    assert.equal(await send({ headers: { authorization: `Bearer MARK-bearer.e30.x` } }), 401);
    assert.equal(await send({ path: `/%2e%2e/?${query}` }), 400);
    assert.equal(await send({ host: 'open.example.com', path: `/open?${query}` }), 200);
    assert.equal(await send({ host: 'nowhere.example.com', path: `/none?${query}` }), 404);
    const [token = ''] = tokens;
    assert.notEqual(token, '');
    assert.equal(await send({ headers: { authorization: `Bearer ${token}` } }), 200);
    assert.equal(await send({ headers: { authorization: `Bearer ${token}x` } }), 401);
    for (const [index, { name, answer }] of FLAWS.entries()) {
      world.auth0.faults.token.next(1, { answer });
      const status = await send({ basic: `flaw-${index}:${SECRET}` });
      assert.ok(status >= 500, `${name}: ${status}`);
    }
  });

  test('are in no log line, metric, debug page, problem or answer', async () => {
    const pages = [
      '/metrics',
      '/debug/table',
      '/debug/problems',
      '/readyz',
      '/debug/explain?url=http://marked.example.com/',
    ];
    for (const path of pages) {
      const page = await call({ port: world.gateway.ports.admin, path });
      assert.equal(page.status, 200, path);
      bodies.push(page.text);
    }
    await world.gateway.stop();
    const outputs = [...world.gateway.lines, ...bodies].join('\n');
    assert.ok(outputs.includes('"path":"/a"'), 'the access log was searched');
    assert.ok(outputs.includes('oidc_ingress_exchanges_total'), 'the metrics were searched');
    const secrets = [
      SECRET,
      WRONG_SECRET,
      PARAMETER_VALUE,
      HEADER_VALUE,
      SERVICE_KEY,
      'MARK-opaque-token',
      'MARK-bearer',
      ...tokens,
    ];
    for (const secret of secrets) {
      for (const form of formsOf(secret)) assert.ok(!outputs.includes(form), `found ${form} of ${secret}`);
    }
  });
});

/** As it stands, in every place within base64, URL-encoded in both ways, and as JSON. */
function formsOf(secret: string): readonly string[] {
  const inBase64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('\0'.repeat(offset) + secret).toString('base64');
    // The first and the last characters depend on what stands beside the secret.
    return encoded.slice(offset === 0 ? 0 : 4, -4);
  });
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ x: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    ...inBase64,
  ].filter((form) => form.length >= 8);
}
