/** The echo upstream shows the request that reached it, and never a token. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { UnsecuredJWT } from 'jose';

import { startEchoUpstream, type EchoUpstream } from '../../../src/dev/echo-upstream.ts';
import { call } from '../../support/http-client.ts';

let echo: EchoUpstream;

before(async () => {
  echo = await startEchoUpstream();
});
after(() => echo.close());

test('answers with method, target, headers and body', async () => {
  const answer = await call({
    port: echo.port,
    host: 'orders.example.com',
    method: 'PUT',
    path: '/v1/orders?page=2',
    headers: { 'X-Custom': 'yes', 'Content-Type': 'application/json' },
    body: '{"a":1}',
  });
  assert.equal(answer.status, 200);
  const { method, url, headers, body } = answer.json();
  assert.deepEqual([method, url, body], ['PUT', '/v1/orders?page=2', '{"a":1}']);
  assert.equal((headers as Record<string, string>)['host'], 'orders.example.com');
  assert.equal((headers as Record<string, string>)['x-custom'], 'yes');
});

test('shows the claims of a bearer token and not the token', async () => {
  const token = new UnsecuredJWT({ azp: 'reader' }).encode();
  const answer = await call({ port: echo.port, headers: { Authorization: `Bearer ${token}` } });
  assert.deepEqual(answer.json()['authorization'], { scheme: 'Bearer', claims: { azp: 'reader' } });
  assert.ok(!answer.text.includes(token));
});

test('shows nothing of credentials but their scheme', async () => {
  const answer = await call({ port: echo.port, basic: 'reader:secret' });
  assert.deepEqual(answer.json()['authorization'], { scheme: 'Basic' });
});

test('answers with the status that is asked for', async () => {
  assert.equal((await call({ port: echo.port, path: '/status/418' })).status, 418);
  assert.equal((await call({ port: echo.port, path: '/status/99' })).status, 400);
});

test('streams an answer in parts', async () => {
  const response = await fetch(`http://127.0.0.1:${echo.port}/stream`);
  const parts: string[] = [];
  for await (const part of response.body ?? []) parts.push(Buffer.from(part).toString());
  assert.equal(parts.join(''), 'tick 1\ntick 2\ntick 3\ntick 4\ntick 5\n');
  assert.ok(parts.length > 1, 'came in one piece');
});

test('delays an answer, and counts requests when they arrive', async () => {
  const before = echo.requests;
  const startedAt = performance.now();
  await call({ port: echo.port, path: '/delay/50' });
  assert.ok(performance.now() - startedAt >= 45);
  assert.equal(echo.requests, before + 1);
});
