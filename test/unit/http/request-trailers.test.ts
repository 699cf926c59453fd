/** Which trailers of a request reach the upstream. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { normaliseHeaderName } from '../../../src/http/header-names.ts';
import { trailersForUpstream } from '../../../src/http/request-trailers.ts';
import { RESERVED_HEADERS } from '../../../src/policy/reserved-names.ts';

const CONTEXT = {
  connection: 'close, X-Hop',
  identityHeaders: new Set(['x-client-id']),
  owned: new Set(['x-organization']),
};

describe('trailers of a request', () => {
  it('pass as they came', () => {
    const given = ['Content-Digest', 'sha-256=:AA==:', 'x-checksum', '1', 'X-Checksum', '2', 'grpc-note', ''];
    assert.deepEqual(trailersForUpstream(given, CONTEXT), given);
  });

  const dropped: readonly { readonly name: string; readonly given: readonly string[] }[] = [
    { name: 'framing', given: ['Transfer-Encoding', 'Content-Length', 'Trailer', 'TE'] },
    { name: 'routing', given: ['Host', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Prefix', 'X-Real-IP'] },
    { name: 'authentication', given: ['Authorization', 'Proxy-Authorization', 'Cookie', 'WWW-Authenticate'] },
    { name: 'the connection', given: ['Connection', 'Keep-Alive', 'Upgrade', 'Proxy-Connection', 'X-Hop'] },
    { name: 'request modifiers', given: ['Cache-Control', 'Expect', 'Max-Forwards', 'Range', 'If-Match'] },
    { name: 'the format of the content', given: ['Content-Type', 'Content-Encoding', 'Content-Range'] },
    {
      name: 'where a script comes from',
      given: ['Origin', 'Access-Control-Request-Method', 'Sec-Fetch-Mode'],
    },
    { name: 'a trace', given: ['traceparent', 'tracestate'] },
    { name: 'the request', given: ['X-Request-Id', 'Via', 'Date', 'Accept', 'Accept-Encoding'] },
    { name: 'identity', given: ['X-Client-Id', 'x_client_id', 'X-CLIENT_ID'] },
    { name: 'what the gateway went by or writes', given: ['X-Organization', 'x_organization'] },
  ];
  for (const { name, given } of dropped) {
    it(`say nothing of ${name}`, () => {
      const raw = given.flatMap((name) => [
        name,
        '1',
        name.toLowerCase(),
        '2',
        name.replaceAll('-', '_'),
        '3',
      ]);
      assert.deepEqual(trailersForUpstream([...raw, 'X-Last', '4'], CONTEXT), ['X-Last', '4']);
    });
  }

  it('never hold what would begin a line, a pseudo-header, or a name that is not theirs, however it is written', () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 8 }),
      fc.constantFrom(':path', 'X-A', 'x-client-id', 'X_Client_Id', ...RESERVED_HEADERS),
    );
    const values = fc.string({ unit: 'binary-ascii', maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values)), (pairs) => {
        const passed = trailersForUpstream(pairs.flat(), CONTEXT);
        for (let at = 0; at < passed.length; at += 2) {
          const name = passed[at] ?? '';
          assert.match(name, /^[^\s:\0]+$/);
          assert.doesNotMatch(passed[at + 1] ?? '', /[\r\n\0]/);
          assert.ok(![...RESERVED_HEADERS, 'x-client-id'].includes(normaliseHeaderName(name)), name);
        }
      }),
    );
  });
});
