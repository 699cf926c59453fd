/** The cases of h2spec against the gateway: those that it does not pass are named, each with its reason. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { findH2spec, runH2spec } from '../../support/h2spec.ts';
import { skipWithout } from '../../support/tools.ts';
import { startGateway, tableFor, type Gateway } from '../proxy/harness.ts';
import type { Test } from './protocol-upstreams.ts';

/** Long enough that what follows a request meets it still open. */
const ANSWER_AFTER_MS = 100;

/**
 * h2spec goes by RFC 7540. Node's nghttp2 forgets streams that are over, and what still comes for them is ignored, never
 * served: RFC 9113, section 5.1, has made the error that h2spec waits for a choice.
 */
const DIFFERENT: ReadonlyMap<string, string> = new Map([
  ['http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame', 'ignored'],
  ['http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame', 'ignored'],
  ['http2/5.1: closed: Sends a DATA frame', 'ignored'],
  ['http2/5.1: closed: Sends a HEADERS frame', 'ignored'],
  [
    'http2/5.1.1: Sends stream identifier that is numerically smaller than previous',
    'the stream counts as one that is over: ignored',
  ],
  [
    'http2/5.3.1: Sends PRIORITY frame that depend on itself',
    'RFC 9113, section 5.3.2: priorities are not read',
  ],
  [
    'http2/6.3: Sends a PRIORITY frame with 0x0 stream identifier',
    'priorities are not read; RFC 9113, section 6.3, would have the connection end',
  ],
  [
    'http2/6.7: Sends a PING frame with ACK',
    'what nobody asked for ends the connection: section 5.4.1 allows it at any time',
  ],
  [
    'http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
    'the connection ends instead of the stream, as section 5.4.1 allows',
  ],
]);

const NO_PREFACE = 'http2/3.5: Sends invalid connection preface';

const h2spec = await findH2spec();

async function start(test: Test): Promise<Gateway> {
  const upstream = createServer((request, response) => {
    request.resume();
    request.on('end', () => setTimeout(() => response.end('a body of some length'), ANSWER_AFTER_MS));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  test.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const table = tableFor([(upstream.address() as AddressInfo).port]);
  const [routes] = Object.values(table.hosts);
  assert.ok(routes !== undefined);
  return await startGateway(test, { table: { ...table, hosts: { '': routes } } });
}

const options = { skip: skipWithout(h2spec), concurrency: true };
describe('the cases of h2spec, but for some that RFC 9113 or Node decides otherwise, pass', options, () => {
  for (const { name, isTls, want } of [
    { name: 'over TLS', isTls: true, want: [...DIFFERENT.keys()] },
    // What is no preface is HTTP/1.1 there, and refused as such.
    { name: 'in clear text', isTls: false, want: [NO_PREFACE, ...DIFFERENT.keys()] },
  ]) {
    it(name, async (test) => {
      assert.ok(h2spec.kind === 'binary');
      const { port, httpsPort } = await start(test);
      const cases = await runH2spec(h2spec.path, isTls ? httpsPort : port, isTls);
      assert.ok(cases.length > 140, `${cases.length} cases`);
      const different = cases.filter(({ isPassed }) => !isPassed).map((given) => given.name);
      assert.deepEqual(different.sort(), want.sort());
    });
  }
});
