/** Trailers of requests, from callers of either version of HTTP to upstreams of either. */

import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';

import type { PolicyPlan } from '../../../src/model/table.ts';
import { eventually } from '../../support/eventually.ts';
import { BASIC, credentialsPlan, head, planOf, startGateway, type Gateway } from '../proxy/harness.ts';
import { exchange, parseResponse, startRawUpstream } from '../proxy/raw.ts';
import { answerOf, AUTHORITY, connectCaller } from './http2-caller.ts';
import { protocolTable, startHttp2, type Test } from './protocol-upstreams.ts';

/** What an upstream got: body and trailers, these as one `name: value` for each line. */
interface Got {
  body: string;
  trailers: string[];
}

interface Way {
  readonly gateway: Gateway;
  readonly got: Got;
}

type Pairs = readonly (readonly [string, string])[];

async function toHttp1(test: Test, plan?: PolicyPlan): Promise<Way> {
  const got: Got = { body: '', trailers: [] };
  const upstream = await startRawUpstream(({ socket, text }) => {
    const [, body = ''] = /\r\n\r\n(.*)$/s.exec(text) ?? [];
    const chunked = /^(.*)0\r\n((?:[^\r\n]+\r\n)*)\r\n$/s.exec(body);
    const isWhole = chunked !== null || /\r\ncontent-length: (\d+)/i.exec(text)?.[1] === String(body.length);
    if (!isWhole) return;
    got.body = chunked === null ? body : (chunked[1] ?? '').replaceAll(/[0-9a-f]+\r\n(.*?)\r\n/gs, '$1');
    got.trailers = (chunked?.[2] ?? '').split('\r\n').slice(0, -1);
    socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  });
  test.after(() => upstream.close());
  return { got, gateway: await startedFor(test, upstream.port, 'HTTP', plan) };
}

async function toHttp2(test: Test, plan?: PolicyPlan): Promise<Way> {
  const got: Got = { body: '', trailers: [] };
  const upstream = await startHttp2(test, (stream: ServerHttp2Stream) => {
    stream.on('trailers', (_headers, _flags, raw: readonly string[]) => {
      for (let at = 0; at < raw.length; at += 2) got.trailers.push(`${raw[at]}: ${raw[at + 1]}`);
    });
    stream.on('data', (chunk: Buffer) => (got.body += chunk.toString('latin1')));
    stream.on('end', () => stream.respond({ ':status': 204 }, { endStream: true }));
  });
  return { got, gateway: await startedFor(test, upstream.port, 'H2C', plan) };
}

async function startedFor(
  test: Test,
  port: number,
  protocol: 'HTTP' | 'H2C',
  plan: PolicyPlan | undefined,
): Promise<Gateway> {
  const table = protocolTable(port, protocol, plan === undefined ? {} : { plan });
  return await startGateway(
    { after: (fn) => test.after(fn) },
    {
      table: { ...table, identityHeaders: ['x-client-id'] },
    },
  );
}

type Send = (
  test: Test,
  gateway: Gateway,
  body: string,
  trailers: Pairs,
  headers?: Record<string, string>,
) => Promise<number>;

const byHttp1: Send = async (_test, gateway, body, trailers, headers = {}) => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const start = head('POST / HTTP/1.1', `Host: ${AUTHORITY}`, 'Transfer-Encoding: chunked', ...lines);
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
  const last = `0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const caller = start.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') + chunk + last;
  return parseResponse(await exchange(gateway.port, caller)).status;
};

const byHttp2: Send = async (test, gateway, body, trailers, headers = {}) => {
  const session = await connectCaller({ after: (fn) => test.after(fn) }, gateway.httpsPort);
  const stream = session.request(
    { ':method': 'POST', ':authority': AUTHORITY, ':path': '/', ...headers },
    { waitForTrailers: true },
  );
  stream.on('error', () => {});
  stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(trailers)));
  stream.end(body === '' ? undefined : body);
  return (await answerOf(stream)).status;
};

const CALLERS = [
  { name: 'a caller of HTTP/1.1', send: byHttp1 },
  { name: 'a caller of HTTP/2', send: byHttp2 },
] as const;
const UPSTREAMS = [
  { name: 'an upstream of HTTP/1.1', start: toHttp1 },
  { name: 'an upstream of HTTP/2', start: toHttp2 },
] as const;

const TRAILERS: Pairs = [
  ['content-digest', 'sha-256=:AA==:'],
  ['x-checksum', '7'],
];
const LINES = ['content-digest: sha-256=:AA==:', 'x-checksum: 7'];

for (const caller of CALLERS) {
  for (const upstream of UPSTREAMS) {
    describe(`trailers from ${caller.name} to ${upstream.name}`, () => {
      for (const { name, body } of [
        { name: 'follow the body', body: 'hello' },
        { name: 'follow a body of many reads', body: 'x'.repeat(1_000_000) },
        { name: 'may be all that there is', body: '' },
      ]) {
        it(name, async (test) => {
          const { gateway, got } = await upstream.start(test);
          assert.equal(await caller.send(test, gateway, body, TRAILERS), 204);
          assert.deepEqual([got.body.length, got.trailers], [body.length, LINES]);
        });
      }

      it('hold nothing that the gateway checked, owns or injects', async (test) => {
        const { gateway, got } = await upstream.start(test, planOf());
        const forged: Pairs = [
          ['authorization', 'Bearer forged'],
          ['x-client-id', 'somebody'],
          ['x_client_id', 'somebody'],
          ['x-forwarded-for', '10.0.0.1'],
          ['cookie', 'session=1'],
          ['content-type', 'text/html'],
        ];
        const status = await caller.send(test, gateway, 'hello', [...forged, ...TRAILERS], {
          authorization: BASIC,
        });
        assert.deepEqual([status, got], [204, { body: 'hello', trailers: LINES }]);
      });
    });
  }
}

describe('trailers of a request', () => {
  it('of known length by HTTP/2 are kept by HTTP/2, whatever size the body has', async (test) => {
    for (const size of [5, 100_000]) {
      const { gateway, got } = await toHttp2(test);
      const headers = { 'content-length': String(size) };
      assert.equal(await byHttp2(test, gateway, 'x'.repeat(size), TRAILERS, headers), 204);
      assert.deepEqual([got.body.length, got.trailers], [size, LINES]);
    }
  });

  it('of known length by HTTP/2 have no place in HTTP/1.1: the body stays as it is framed', async (test) => {
    const { gateway, got } = await toHttp1(test);
    const headers = { 'content-length': '5' };
    assert.equal(await byHttp2(test, gateway, 'hello', TRAILERS, headers), 204);
    assert.deepEqual(got, { body: 'hello', trailers: [] });
  });

  it('whose body was searched for credentials are kept by HTTP/2', async (test) => {
    const plan = planOf({ clientCredentials: credentialsPlan({ sources: ['Body'] }) });
    const { gateway, got } = await toHttp2(test, plan);
    const body = 'a=1&client_id=partner&client_secret=S3cret';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal(await byHttp2(test, gateway, body, TRAILERS, headers), 204);
    assert.deepEqual(got, { body: 'a=1', trailers: LINES });
  });

  it('that repeat a name reach an upstream of HTTP/2 as one list', async (test) => {
    const { gateway, got } = await toHttp2(test);
    const repeated: Pairs = [
      ['ETag', '"1"'],
      ['ETag', '"2"'],
    ];
    assert.equal(await byHttp1(test, gateway, 'hello', repeated), 204);
    assert.deepEqual(got.trailers, ['etag: "1", "2"']);
  });

  it('do not come after a parameter of the token that the caller chose by a header of that name', async (test) => {
    const callerParameters = [{ name: 'organization', from: { header: 'x-org' }, allowed: ['org_a'] }];
    const plan = planOf({ clientCredentials: credentialsPlan({ callerParameters }) });
    const { gateway, got } = await toHttp1(test, plan);
    const headers = { authorization: BASIC, 'x-org': 'org_a' };
    assert.equal(await byHttp1(test, gateway, 'hello', [['X-Org', 'org_b'], ...TRAILERS], headers), 204);
    assert.deepEqual(got, { body: 'hello', trailers: LINES });
  });

  it('that are malformed leave the body without an end', async (test) => {
    for (const trailer of ['X-A : 1', 'X-A: 1\r\n 2', 'X-A: 1\0', 'no colon']) {
      const upstream = await startRawUpstream(() => {});
      test.after(() => upstream.close());
      const gateway = await startedFor(test, upstream.port, 'HTTP', undefined);
      const start = head('POST / HTTP/1.1', `Host: ${AUTHORITY}`, 'Transfer-Encoding: chunked');
      const answer = await exchange(gateway.port, `${start}5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`);
      assert.equal(parseResponse(answer).status, 400, trailer);
      await eventually('the end of the upstream connection', async () =>
        upstream.conversations.every(({ socket }) => socket.closed),
      );
      assert.doesNotMatch(upstream.conversations.map(({ text }) => text).join(''), /\r\n0\r\n/);
    }
  });
});
