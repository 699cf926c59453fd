/** What RFC 9113 forbids, frame by frame over sockets; above all what would smuggle a request into HTTP/1.1. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  ErrorCode,
  fieldBlock,
  Flag,
  frame,
  FrameType,
  PREFACE,
  settings,
  uint32,
} from '../../support/http2-frames.ts';
import { startGateway, tableFor, type Gateway } from '../proxy/harness.ts';
import { startFixedUpstream, type RawUpstream } from '../proxy/raw.ts';
import { connectHttp2, headers, openHttp2, REQUEST, type Fields } from './raw-http2.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const END = Flag.endHeaders | Flag.endStream;

async function start(test: {
  after(fn: () => Promise<void>): void;
}): Promise<{ readonly gateway: Gateway; readonly upstream: RawUpstream }> {
  const upstream = await startFixedUpstream(OK);
  test.after(() => upstream.close());
  return { upstream, gateway: await startGateway(test, { table: tableFor([upstream.port]) }) };
}

/** With one field replaced. */
function replaced(name: string, value: string): Fields {
  return REQUEST.map((field) => (field[0] === name ? [name, value] : field));
}

const without = (name: string): Fields => REQUEST.filter((field) => field[0] !== name);
const withField = (name: string, value: string): Fields => [...REQUEST, [name, value]];

/** `:status 400` and `:status 404` as HPACK has them in its static table. */
const STATUS_400 = 0x8c;

interface Malformed {
  readonly name: string;
  readonly given: Fields;
  /** The fault is refused by the gateway's own rules, with an answer; else the stream is reset. */
  readonly want?: 400;
}

const MALFORMED: readonly Malformed[] = [
  { name: 'no :method', given: without(':method') },
  { name: 'no :scheme', given: without(':scheme') },
  { name: 'no :path', given: without(':path') },
  { name: 'neither :authority nor host', given: without(':authority') },
  { name: 'two :method', given: [[':method', 'GET'], ...REQUEST] },
  { name: 'two :path', given: [[':path', '/admin'], ...REQUEST] },
  { name: 'two :authority', given: [[':authority', 'evil.example.com'], ...REQUEST] },
  { name: 'a pseudo-header after a header', given: [['x-a', '1'], ...REQUEST] },
  { name: 'an unknown pseudo-header', given: [[':unknown', '1'], ...REQUEST] },
  { name: 'a pseudo-header of responses', given: [[':status', '200'], ...REQUEST] },
  { name: 'a header name in capitals', given: withField('X-A', '1') },
  { name: 'connection', given: withField('connection', 'close') },
  { name: 'keep-alive', given: withField('keep-alive', 'timeout=5') },
  { name: 'proxy-connection', given: withField('proxy-connection', 'keep-alive') },
  { name: 'transfer-encoding', given: withField('transfer-encoding', 'chunked') },
  { name: 'upgrade', given: withField('upgrade', 'websocket') },
  { name: 'te that is not trailers', given: withField('te', 'trailers, chunked') },
  { name: 'http2-settings', given: withField('http2-settings', 'AAAA'), want: 400 },
  { name: 'host that is not :authority', given: withField('host', 'evil.example.com'), want: 400 },
  { name: 'an empty :path', given: replaced(':path', '') },
  { name: 'a :path that is a URL', given: replaced(':path', 'http://evil.example.com/') },
  { name: 'a :path of *', given: replaced(':path', '*') },
  { name: 'a space in :path', given: replaced(':path', '/a HTTP/1.1') },
  { name: 'CR and LF in :path', given: replaced(':path', '/ HTTP/1.1\r\nHost: evil\r\n\r\n') },
  { name: 'dot segments in :path', given: replaced(':path', '/a/../admin'), want: 400 },
  { name: 'encoded dot segments in :path', given: replaced(':path', '/a/%2e%2e/admin'), want: 400 },
  { name: 'an encoded slash in :path', given: replaced(':path', '/a%2fadmin'), want: 400 },
  { name: 'a fragment in :path', given: replaced(':path', '/a#b'), want: 400 },
  { name: 'a space in :method', given: replaced(':method', 'GET / HTTP/1.1') },
  { name: 'CR and LF in :method', given: replaced(':method', 'GET / HTTP/1.1\r\nHost: evil\r\n\r\n') },
  { name: 'a slash in :authority', given: replaced(':authority', 'shop.example.com/admin') },
  { name: 'a user in :authority', given: replaced(':authority', 'user@shop.example.com') },
  { name: 'CR and LF in :authority', given: replaced(':authority', 'shop.example.com\r\nx: y') },
  { name: 'a :scheme that is none', given: replaced(':scheme', 'https://evil.example.com/?') },
  { name: 'the method TRACE', given: replaced(':method', 'TRACE'), want: 400 },
  { name: 'a content-length where there is no body', given: withField('content-length', '5') },
  { name: 'a content-length that is no number', given: withField('content-length', '0, 0') },
  { name: 'extended CONNECT', given: [[':protocol', 'websocket'], ...replaced(':method', 'CONNECT')] },
];

describe('a request is not served and not passed on that has', () => {
  for (const { name, given, want } of MALFORMED) {
    it(name, async (test) => {
      const { gateway, upstream } = await start(test);
      const caller = await openHttp2(gateway.httpsPort);
      caller.request(1, given);
      if (want === 400) {
        const { payload } = await caller.frameOf(FrameType.headers, 1);
        assert.equal(payload[0], STATUS_400);
        assert.equal((await gateway.record()).reason, 'BadRequest');
      } else {
        const { payload } = await caller.frameOf(FrameType.resetStream, 1);
        assert.equal(payload.readUInt32BE(), ErrorCode.protocolError);
      }
      assert.deepEqual(upstream.conversations, []);
      caller.socket.destroy();
    });
  }
});

describe('a header value or name that would begin a line of HTTP/1.1', () => {
  const cases: readonly { readonly name: string; readonly given: readonly [string, string] }[] = [
    { name: 'CR and LF in a value', given: ['x-a', '1\r\nx-evil: 1'] },
    { name: 'LF in a value', given: ['x-a', '1\nx-evil: 1'] },
    { name: 'CR in a value', given: ['x-a', '1\rx-evil: 1'] },
    { name: 'NUL in a value', given: ['x-a', '1\0x-evil'] },
    { name: 'a request in a value', given: ['x-a', '\r\n\r\nGET /x-evil HTTP/1.1\r\nHost: a'] },
    { name: 'white space around a value', given: ['x-evil', ' 1'] },
    { name: 'CR and LF in a name', given: ['x-a: 1\r\nx-evil', '1'] },
    { name: 'a colon in a name', given: ['transfer-encoding: chunked\r\nx-evil', '1'] },
    { name: 'a space in a name', given: ['x-evil ', '1'] },
    { name: 'an empty name', given: ['', 'x-evil'] },
  ];
  for (const { name, given } of cases) {
    it(`does not reach the upstream: ${name}`, async (test) => {
      const { gateway, upstream } = await start(test);
      const caller = await openHttp2(gateway.httpsPort);
      caller.request(1, [...REQUEST, given, ['x-last', '1']]);
      await caller.frame(({ stream }) => stream === 1);
      // Node leaves out a header whose value or name is not valid; what arrives must be one request without it.
      const got = upstream.conversations.map(({ text }) => text).join('');
      assert.doesNotMatch(got, /x-evil/i);
      assert.ok(upstream.requests().length <= 1);
      caller.socket.destroy();
    });
  }
});

const post = (length: string): Fields => [...replaced(':method', 'POST'), ['content-length', length]];

describe('a body', () => {
  it('shorter than its content-length resets its stream, and never arrives', async (test) => {
    const { gateway, upstream } = await start(test);
    const caller = await openHttp2(gateway.httpsPort);
    const body = frame(FrameType.data, Flag.endStream, 1, Buffer.from('abc'));
    caller.send(headers(1, post('10'), Flag.endHeaders), body);
    const { payload } = await caller.frameOf(FrameType.resetStream, 1);
    assert.equal(payload.readUInt32BE(), ErrorCode.protocolError);
    assert.deepEqual(upstream.conversations, []);
    caller.socket.destroy();
  });

  it('that is reset without an error is not taken for a whole one', async (test) => {
    const { gateway, upstream } = await start(test);
    const caller = await openHttp2(gateway.httpsPort);
    caller.send(
      headers(1, replaced(':method', 'POST'), Flag.endHeaders),
      frame(FrameType.data, 0, 1, Buffer.from('abc')),
      frame(FrameType.resetStream, 0, 1, uint32(ErrorCode.noError)),
    );
    assert.equal((await gateway.record()).status, 499);
    assert.doesNotMatch(upstream.conversations.map(({ text }) => text).join(''), /\r\n0\r\n\r\n/);
    caller.socket.destroy();
  });

  it('may have trailers, but no pseudo-headers among them', async (test) => {
    const { gateway, upstream } = await start(test);
    const caller = await openHttp2(gateway.httpsPort);
    const start1 = headers(1, replaced(':method', 'POST'), Flag.endHeaders);
    caller.send(start1, headers(1, [['x-trailer', '1']], END));
    await caller.frameOf(FrameType.headers, 1);
    caller.send(
      headers(3, replaced(':method', 'POST'), Flag.endHeaders),
      headers(3, [[':path', '/admin']], END),
    );
    const { payload } = await caller.frameOf(FrameType.resetStream, 3);
    assert.equal(payload.readUInt32BE(), ErrorCode.protocolError);
    const got = upstream.requests().join('');
    assert.match(got, /\r\n0\r\nx-trailer: 1\r\n\r\n/);
    assert.doesNotMatch(got, /admin/);
    caller.socket.destroy();
  });
});

describe('a connection ends with an error where', () => {
  const block = fieldBlock(REQUEST);
  const cases: readonly {
    readonly name: string;
    /** Behind preface and settings. */
    readonly given: readonly Buffer[];
    readonly want: number;
  }[] = [
    {
      name: 'DATA comes on stream 0',
      given: [frame(FrameType.data, 0, 0, Buffer.from('x'))],
      want: ErrorCode.protocolError,
    },
    {
      name: 'DATA comes on an idle stream',
      given: [frame(FrameType.data, 0, 1, Buffer.from('x'))],
      want: ErrorCode.protocolError,
    },
    {
      name: 'HEADERS come on stream 0',
      given: [frame(FrameType.headers, END, 0, block)],
      want: ErrorCode.protocolError,
    },
    {
      name: 'HEADERS come on an even stream',
      given: [frame(FrameType.headers, END, 2, block)],
      want: ErrorCode.protocolError,
    },
    {
      name: 'padding is longer than the frame',
      given: [
        frame(
          FrameType.headers,
          END | Flag.padded,
          1,
          Buffer.concat([Buffer.of(255), block.subarray(0, 20)]),
        ),
      ],
      want: ErrorCode.protocolError,
    },
    {
      name: 'a frame of another stream comes within a field block',
      given: [frame(FrameType.headers, Flag.endStream, 1, block), frame(FrameType.headers, END, 3, block)],
      want: ErrorCode.protocolError,
    },
    {
      name: 'CONTINUATION comes without HEADERS',
      given: [frame(FrameType.continuation, Flag.endHeaders, 1, block)],
      want: ErrorCode.protocolError,
    },
    {
      name: 'a field block cannot be decompressed',
      given: [frame(FrameType.headers, END, 1, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff))],
      want: ErrorCode.compressionError,
    },
    {
      name: 'SETTINGS have a length that is no multiple of 6',
      given: [frame(FrameType.settings, 0, 0, Buffer.alloc(5))],
      want: ErrorCode.frameSizeError,
    },
    {
      name: 'SETTINGS come on a stream',
      given: [frame(FrameType.settings, 0, 1)],
      want: ErrorCode.protocolError,
    },
    {
      name: 'an acknowledgement of SETTINGS has a payload',
      given: [frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(6))],
      want: ErrorCode.frameSizeError,
    },
    {
      name: 'a window is set over its maximum',
      given: [settings([4, 0x80000000])],
      want: ErrorCode.flowControlError,
    },
    { name: 'ENABLE_PUSH is neither 0 nor 1', given: [settings([2, 2])], want: ErrorCode.protocolError },
    {
      name: 'a frame size is set below its minimum',
      given: [settings([5, 16_383])],
      want: ErrorCode.protocolError,
    },
    {
      name: 'a PING has not 8 bytes',
      given: [frame(FrameType.ping, 0, 0, Buffer.alloc(7))],
      want: ErrorCode.frameSizeError,
    },
    {
      name: 'a PING comes on a stream',
      given: [frame(FrameType.ping, 0, 1, Buffer.alloc(8))],
      want: ErrorCode.protocolError,
    },
    {
      name: 'a caller pushes',
      given: [frame(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.concat([uint32(2), block]))],
      want: ErrorCode.protocolError,
    },
    {
      name: 'the window of the connection overflows',
      given: [
        frame(FrameType.windowUpdate, 0, 0, uint32(0x7fffffff)),
        frame(FrameType.windowUpdate, 0, 0, uint32(0x7fffffff)),
      ],
      want: ErrorCode.flowControlError,
    },
    {
      name: 'the window of the connection grows by 0',
      given: [frame(FrameType.windowUpdate, 0, 0, uint32(0))],
      want: ErrorCode.protocolError,
    },
    {
      name: 'RST_STREAM comes on an idle stream',
      given: [frame(FrameType.resetStream, 0, 1, uint32(0))],
      want: ErrorCode.protocolError,
    },
    {
      name: 'a frame is larger than it may be',
      given: [frame(FrameType.data, 0, 1, Buffer.alloc(16_385))],
      want: ErrorCode.frameSizeError,
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, async (test) => {
      const { gateway } = await start(test);
      const caller = await openHttp2(gateway.httpsPort);
      caller.send(...given);
      assert.equal(await caller.ended(), want);
    });
  }

  it('more of a body comes than its content-length says, which never arrives', async (test) => {
    const { gateway, upstream } = await start(test);
    for (const [length, data] of [
      ['2', 'abc'],
      ['0', 'GET /admin HTTP/1.1'],
    ] as const) {
      const caller = await openHttp2(gateway.httpsPort);
      const body = frame(FrameType.data, Flag.endStream, 1, Buffer.from(data));
      caller.send(headers(1, post(length), Flag.endHeaders), body);
      // A stream error would do (section 8.1.1); Node ends the connection.
      assert.equal(await caller.ended(), ErrorCode.internalError);
    }
    assert.doesNotMatch(upstream.conversations.map(({ text }) => text).join(''), /abc|admin/);
  });

  it('it does not begin with the preface', async (test) => {
    const { gateway, upstream } = await start(test);
    const caller = await connectHttp2(gateway.httpsPort);
    caller.send(Buffer.from('GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n'));
    await caller.ended();
    assert.deepEqual(upstream.conversations, []);
  });

  it('SETTINGS do not come first', async (test) => {
    const { gateway } = await start(test);
    const caller = await connectHttp2(gateway.httpsPort);
    caller.send(PREFACE, frame(FrameType.ping, 0, 0, Buffer.alloc(8)));
    assert.equal(await caller.ended(), ErrorCode.protocolError);
  });
});

it('a request whose stream number goes back is never served', async (test) => {
  const { gateway } = await start(test);
  const caller = await openHttp2(gateway.httpsPort);
  caller.request(5).request(3).request(7);
  await caller.frameOf(FrameType.data, 7);
  assert.ok(caller.frames.every(({ stream }) => stream !== 3));
  caller.socket.destroy();
});

describe('a connection goes on after', () => {
  const cases: readonly { readonly name: string; readonly given: readonly Buffer[] }[] = [
    { name: 'a frame of an unknown type', given: [frame(0xfa, 0xff, 0, Buffer.from('what?'))] },
    { name: 'unknown settings', given: [settings([0xff, 1])] },
    { name: 'PRIORITY', given: [frame(FrameType.priority, 0, 1, Buffer.from([0, 0, 0, 3, 16]))] },
    { name: 'a PING, which it answers', given: [frame(FrameType.ping, 0, 0, Buffer.from('12345678'))] },
    {
      name: 'a field block in many pieces with padding',
      given: [
        frame(
          FrameType.headers,
          Flag.endStream | Flag.padded,
          1,
          Buffer.concat([Buffer.of(3), fieldBlock(REQUEST.slice(0, 2)), Buffer.alloc(3)]),
        ),
        frame(FrameType.continuation, 0, 1, fieldBlock(REQUEST.slice(2, 3))),
        frame(FrameType.continuation, Flag.endHeaders, 1, fieldBlock(REQUEST.slice(3))),
      ],
    },
  ];
  for (const { name, given } of cases) {
    it(name, async (test) => {
      const { gateway } = await start(test);
      const caller = await openHttp2(gateway.httpsPort);
      caller.send(...given).request(3);
      await caller.frame(({ type, stream, flags }) => type === FrameType.data && stream === 3 && flags === 1);
      if (name.includes('PING')) {
        const answer = await caller.frameOf(FrameType.ping, 0);
        assert.deepEqual([answer.flags, answer.payload.toString()], [Flag.ack, '12345678']);
      }
      caller.socket.destroy();
    });
  }
});
