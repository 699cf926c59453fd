/** Whatever a caller sends: nothing reaches a protected upstream but with a token of a client that proved its secret. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as fc from 'fast-check';

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

const HOSTS = ['closed.example.com', 'CLOSED.example.com', 'closed.example.com:80', 'closed.example.com.'];
const SEGMENTS = ['v1', 'admin', '..', '.', '%2e%2e', '%2F', ';x', '', 'a%20b', 'public', '%61dmin', '\\'];
const AUTHORIZATIONS: readonly string[] = [
  `Basic ${btoa(WRONG)}`,
  `Basic ${btoa(`${CLIENT.id}:`)}`,
  'Basic ====',
  'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
  'Bearer x',
  'Digest username="a"',
  '',
];
const QUERIES = [
  '',
  '?a=1',
  `?client_id=${CLIENT.id}&client_secret=wrong`,
  `?client_id=${CLIENT.id}`,
  '?client_id=a&client_id=b',
];
const SPOOFS: Readonly<Record<string, string>>[] = [
  {},
  { 'X-Client-Id': CLIENT.id },
  { x_client_id: CLIENT.id },
  { 'X-Forwarded-Proto': 'https', 'X-Original-URL': '/public' },
  { 'X-HTTP-Method-Override': 'OPTIONS' },
  { Origin: 'https://a.example.com' },
  { Connection: 'Authorization' },
];

describe('a protected upstream', () => {
  let world: World;

  before(async () => {
    world = await startWorld({
      manifests: ({ issuer, upstreamPort }) =>
        surroundings(upstreamPort) +
        protectedBy(
          'closed',
          `{ provider: { issuer: "${issuer}" }, bearer: {}, limits: { failuresPerMinute: 1000 }, clientCredentials: { audience: "${AUDIENCE}", sources: [Basic, Query, Body] },
             upstream: { claimHeaders: [{ header: X-Client-Id, claim: [azp] }] } }`,
        ),
    });
  });
  after(async () => world?.close());

  const requests = fc.record({
    host: fc.constantFrom(...HOSTS),
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND'),
    path: fc
      .array(fc.constantFrom(...SEGMENTS), { maxLength: 4 })
      .map((segments) => `/${segments.join('/')}`),
    query: fc.constantFrom(...QUERIES),
    authorization: fc.constantFrom(...AUTHORIZATIONS),
    spoof: fc.constantFrom(...SPOOFS),
  });

  test('sees no request of a caller that proved nothing', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ host, method, path, query, authorization, spoof }) => {
        const before = world.upstream.requests;
        const headers = { ...spoof, ...(authorization !== '' && { authorization }) };
        const answer = await world.call({ host, method, path: path + query, headers });
        assert.equal(world.upstream.requests, before, `${answer.status}`);
        assert.ok(answer.status >= 400, `${answer.status}`);
      }),
      { numRuns: 400 },
    );
  });

  test('sees the client that proved its secret, whatever else is claimed', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ host, path, spoof }) => {
        const before = world.upstream.requests;
        const answer = await world.call({ host, path, headers: { ...spoof }, basic: RIGHT });
        if (world.upstream.requests === before) return;
        assert.equal(echoOf(answer).authorization?.claims?.['azp'], CLIENT.id);
        assert.equal(echoOf(answer).headers['x-client-id'], CLIENT.id);
        assert.equal(echoOf(answer).headers['x_client_id'], undefined);
      }),
      { numRuns: 200 },
    );
    assert.ok(world.upstream.requests > 20, 'some of them were served');
  });
});
