/** Requests that would be judged as one thing and served as another: other hosts, other routes, other credentials. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';

import type { Route, RoutingTable } from '../../../src/model/table.ts';
import { eventually } from '../../support/eventually.ts';
import { BASIC, credentialsPlan, head, PLAN_KEY, planOf, route, startGateway, tableFor } from './harness.ts';
import { exchange, parseResponse, RawCaller, startFixedUpstream, startRawUpstream } from './raw.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HOST = 'Host: shop.example.com';

interface Closing {
  after(fn: () => Promise<void>): void;
}

async function upstreamFor(test: Closing) {
  const upstream = await startFixedUpstream(OK);
  test.after(() => upstream.close());
  return upstream;
}

function reasonOf(text: string): unknown {
  return (JSON.parse(parseResponse(text).body) as Record<string, unknown>)['reason'];
}

describe('a request over TLS for a host that the handshake did not name', () => {
  const cases = [
    {
      name: 'is misdirected on a protected route',
      plan: planOf(),
      servername: 'other.example.com',
      want: 421,
    },
    { name: 'is served on an open route', plan: undefined, servername: 'other.example.com', want: 200 },
    { name: 'is served where the handshake named nothing', plan: planOf(), servername: undefined, want: 200 },
    { name: 'is no other for capitals', plan: planOf(), servername: 'SHOP.example.com', want: 200 },
  ];
  for (const { name, plan, servername, want } of cases) {
    it(name, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, {
        table: tableFor([upstream.port], plan === undefined ? {} : { plan }),
      });
      const options = servername === undefined ? {} : { servername };
      const socket = connect({
        host: '127.0.0.1',
        port: gateway.httpsPort,
        rejectUnauthorized: false,
        ...options,
      });
      await once(socket, 'secureConnect');
      const caller = new RawCaller(socket);
      caller.send(head('GET / HTTP/1.1', HOST, `Authorization: ${BASIC}`, 'Connection: close'));
      const answer = await caller.closed();
      assert.equal(parseResponse(answer).status, want);
      if (want === 421) assert.equal(reasonOf(answer), 'MisdirectedRequest');
      assert.equal(upstream.requests().length, want === 200 ? 1 : 0);
    });
  }
});

describe('a path that a service may read as another', () => {
  const at = (path: string, pathType: 'Exact' | 'Prefix', plan?: string): Route => {
    const made = route(plan);
    return { ...made, path, pathType };
  };
  const table = (port: number): RoutingTable => ({
    ...tableFor([port], { plan: planOf() }),
    hosts: {
      'shop.example.com': {
        routes: [
          at('/v1/orders:cancel', 'Exact', PLAN_KEY),
          at('/caf%C3%A9', 'Exact'),
          at('/admin', 'Prefix', PLAN_KEY),
          at('/a%20b', 'Prefix', PLAN_KEY),
          at('/', 'Prefix'),
        ],
      },
    },
  });
  const cases = [
    { given: '/', want: 200 },
    { given: '/admin', want: 401 },
    { given: '//admin', want: 400 },
    { given: '/x//admin', want: 200 },
    { given: '/;a=b/admin', want: 400 },
    { given: '/admin;jsessionid=1', want: 400 },
    { given: '/admin/;x/y', want: 401 },
    { given: '/v1/orders%3Acancel', want: 400 },
    { given: '/v1/orders:cancel', want: 401 },
    { given: '/caf%C3%A9', want: 200 },
    { given: '/a%20b/c', want: 401 },
    { given: '/plain//x;y%20z', want: 200 },
  ];
  for (const { given, want } of cases) {
    it(`${given} is answered with ${want}`, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, { table: table(upstream.port) });
      const answer = await exchange(gateway.port, head(`GET ${given} HTTP/1.1`, HOST, 'Connection: close'));
      assert.equal(parseResponse(answer).status, want, answer);
      if (want === 400) assert.equal(reasonOf(answer), 'BadRequest');
      assert.equal(upstream.requests().length, want === 200 ? 1 : 0);
    });
  }
});

describe('credentials in a body', () => {
  const plan = planOf({
    clientCredentials: credentialsPlan({ sources: ['Basic', 'Query', 'Body'] }),
    bearer: true,
  });
  const form = 'Content-Type: application/x-www-form-urlencoded';
  const post = (body: string, ...headers: readonly string[]): string =>
    `${head('POST / HTTP/1.1', HOST, ...headers, `Content-Length: ${body.length}`, 'Connection: close')}${body}`;
  const right = 'client_id=partner&client_secret=S3cret';
  const cases = [
    { name: 'alone are taken, and hidden', given: post(`a=1&${right}`, form), want: 200, body: 'a=1' },
    {
      name: 'beside the same ones by Basic are hidden too',
      given: post(`a=1&${right}`, form, `Authorization: ${BASIC}`),
      want: 200,
      body: 'a=1',
    },
    {
      name: 'beside others by Basic are refused',
      given: post('client_id=other&client_secret=x', form, `Authorization: ${BASIC}`),
      want: 400,
      reason: 'AmbiguousCredentials',
    },
    {
      name: 'beside a bearer token are refused',
      given: post(right, form, 'Authorization: Bearer a.b.c'),
      want: 400,
      reason: 'AmbiguousCredentials',
    },
    {
      name: 'beside Basic that are cut off are refused',
      given: post('client_id=other', form, `Authorization: ${BASIC}`),
      want: 401,
      reason: 'MalformedCredentials',
    },
    {
      name: 'that is encoded cannot be read',
      given: post(right, form, 'Content-Encoding: gzip'),
      want: 401,
      reason: 'MissingCredentials',
    },
    {
      name: 'that is encoded as it is can be read',
      given: post(`a=1&${right}`, form, 'Content-Encoding: identity'),
      want: 200,
      body: 'a=1',
    },
    {
      name: 'of a form without any leave those by Basic alone',
      given: post('a=1', form, `Authorization: ${BASIC}`),
      want: 200,
      body: 'a=1',
    },
    {
      name: 'that is too large to hold any leaves those by Basic alone',
      given: post(`a=${'x'.repeat(70_000)}`, form, `Authorization: ${BASIC}`),
      want: 200,
      body: `a=${'x'.repeat(70_000)}`,
    },
  ];
  for (const { name, given, want, reason, body } of cases) {
    it(name, async (test) => {
      const upstream = await upstreamFor(test);
      const gateway = await startGateway(test, { table: tableFor([upstream.port], { plan }) });
      const answer = await exchange(gateway.port, given);
      assert.equal(parseResponse(answer).status, want, answer);
      if (reason !== undefined) assert.equal(reasonOf(answer), reason);
      const sent = upstream.conversations.map(({ text }) => text).join('');
      assert.equal(sent === '' ? undefined : parseResponse(sent).body, body);
      assert.doesNotMatch(sent, /S3cret/);
    });
  }

  const filling = 'x'.repeat(1_000_000);
  const json = 'Content-Type: application/json';
  const large: readonly { readonly name: string; readonly type: string; readonly given: string }[] = [
    { name: 'at the beginning', type: form, given: `${right}&a=${filling}` },
    { name: 'at the end', type: form, given: `a=${filling}&${right}` },
    { name: 'others at the end', type: form, given: `a=${filling}&client_secret=S3cret-of-another` },
    { name: 'in JSON', type: json, given: JSON.stringify({ filling, client_secret: 'S3cret' }) },
  ];
  for (const { name, type, given } of large) {
    it(`that is too large to be read first must not hold any beside Basic: ${name}`, async (test) => {
      const upstream = await startRawUpstream(() => {});
      test.after(() => upstream.close());
      const gateway = await startGateway(test, { table: tableFor([upstream.port], { plan }) });
      const answer = await exchange(gateway.port, post(given, type, `Authorization: ${BASIC}`));
      assert.equal(parseResponse(answer).status, 413, answer);
      assert.equal(reasonOf(answer), 'BodyTooLarge');
      await eventually('the end of the upstream connection', async () =>
        upstream.conversations.every(({ socket }) => socket.closed),
      );
      assert.doesNotMatch(upstream.conversations.map(({ text }) => text).join(''), /S3cret/);
    });
  }

  it('that is too large to be read first passes whole where it holds none', async (test) => {
    const given = JSON.stringify({ filling, inner: { client_secret: 'one of the service' } });
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (text.endsWith(given)) socket.write(OK);
    });
    test.after(() => upstream.close());
    const gateway = await startGateway(test, { table: tableFor([upstream.port], { plan }) });
    const request = post(given, json, `Authorization: ${BASIC}`);
    assert.equal(parseResponse(await exchange(gateway.port, request)).status, 200);
  });
});

describe('a parameter of the token request', () => {
  it('that is sent in two lines is not taken by its first line alone', async (test) => {
    const callerParameters = [{ name: 'organization', from: { header: 'x-org' }, allowed: ['a', 'b'] }];
    const gateway = await startGateway(test, {
      table: tableFor([], { plan: planOf({ clientCredentials: credentialsPlan({ callerParameters }) }) }),
    });
    const given = head(
      'GET / HTTP/1.1',
      HOST,
      `Authorization: ${BASIC}`,
      'X-Org: a',
      'X-Org: b',
      'Connection: close',
    );
    assert.equal(reasonOf(await exchange(gateway.port, given)), 'BadRequest');
    assert.equal(gateway.asked.length, 0);
  });
});
