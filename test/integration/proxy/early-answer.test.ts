/** Services that answer before the body has come, and close over what they have not read (RFC 9112, section 9.6). */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';

import { head, type Gateway } from './harness.ts';
import { HOST, startInFrontOf } from './http1.ts';
import { openCaller, startRawUpstream, type RawCaller } from './raw.ts';

const TOO_MUCH = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much';
const PIECE = 'x'.repeat(1_000);

interface Asked {
  readonly gateway: Gateway;
  readonly caller: RawCaller;
}

/** Once the service has the head it says `answer` and resets; more of the body is on its way by then. */
async function askHasty(test: TestContext, answer: string, framing: string, piece: string): Promise<Asked> {
  let isFirst = true;
  const upstream = await startRawUpstream(({ socket }) => {
    if (!isFirst) return;
    isFirst = false;
    caller.send(piece);
    socket.write(Buffer.from(answer, 'latin1'));
    socket.resetAndDestroy();
  });
  const gateway = await startInFrontOf(upstream, test);
  const caller = await openCaller(gateway.port);
  caller.send(head('POST / HTTP/1.1', HOST, framing));
  return { gateway, caller };
}

describe('a service that answers early and resets its connection', () => {
  for (const { name, framing, piece } of [
    { name: 'a body of known length', framing: 'Content-Length: 1000000', piece: PIECE },
    { name: 'a body in chunks', framing: 'Transfer-Encoding: chunked', piece: `3e8\r\n${PIECE}\r\n` },
  ]) {
    it(`has answered, while ${name} is under way`, async (test) => {
      const { gateway, caller } = await askHasty(test, TOO_MUCH, framing, piece);
      const text = await caller.closed();
      assert.match(text, /^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n\r\ntoo much$/);
      const { status, upstreamStatus, reason } = await gateway.record();
      assert.deepEqual([status, upstreamStatus, reason], [413, 413, undefined]);
    });
  }

  it('has answered, in more than one read', async (test) => {
    const size = 50_000;
    const answer = `HTTP/1.1 413 Content Too Large\r\nContent-Length: ${size}\r\n\r\n${'y'.repeat(size)}`;
    const { caller } = await askHasty(test, answer, 'Content-Length: 1000000', PIECE);
    assert.match(await caller.closed(), /\r\n\r\ny{50000}$/);
  });

  it('has not ended an answer that only the end of the connection would end: it is cut', async (test) => {
    const answer = 'HTTP/1.1 413 Content Too Large\r\n\r\ntoo mu';
    const { gateway, caller } = await askHasty(test, answer, 'Content-Length: 1000000', PIECE);
    assert.doesNotMatch(await caller.closed(), /\r\n0\r\n\r\n$/);
    assert.equal((await gateway.record()).reason, 'UpstreamProtocolError');
  });

  it('without an answer is 502', async (test) => {
    const { gateway, caller } = await askHasty(test, 'HTTP/1.1 4', 'Content-Length: 1000000', PIECE);
    assert.match(await caller.closed(), /^HTTP\/1\.1 502 /);
    assert.equal((await gateway.record()).reason, 'UpstreamProtocolError');
  });
});
