/** Which headers of a request the gateway reads, and which line of several counts. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeHeaderName } from '../../../src/http/header-names.ts';
import { readRequestFields, type RequestFields } from '../../../src/http/request-fields.ts';

function read(...rawHeaders: readonly string[]): RequestFields {
  return readRequestFields(rawHeaders, describeHeaderName);
}

const NONE: Omit<RequestFields, 'rawHeaders' | 'names'> = {
  host: undefined,
  hosts: 0,
  authorization: [],
  contentType: undefined,
  isEncoded: false,
  contentLength: 0,
  isChunked: false,
  contentLengths: [],
  transferEncodings: [],
  connection: undefined,
  expect: undefined,
  upgrade: undefined,
  forwardedFor: undefined,
  forwardedProto: undefined,
  requestId: undefined,
  traceparent: undefined,
};

describe('the headers of a request', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: readonly string[];
    readonly want: Partial<RequestFields>;
  }[] = [
    { name: 'none', given: [], want: {} },
    { name: 'every Host is counted', given: ['Host', 'a', 'HOST', 'b'], want: { host: 'b', hosts: 2 } },
    {
      name: 'every Authorization is kept',
      given: ['Authorization', 'a', 'authorization', 'b'],
      want: { authorization: ['a', 'b'] },
    },
    {
      name: 'the first type counts',
      given: ['Content-Type', 'a', 'Content-Type', 'b'],
      want: { contentType: 'a' },
    },
    { name: 'identity is no coding', given: ['Content-Encoding', 'Identity'], want: {} },
    {
      name: 'one coding among several is enough',
      given: ['Content-Encoding', 'gzip', 'Content-Encoding', 'identity'],
      want: { isEncoded: true },
    },
    {
      name: 'lengths are kept as they are written',
      given: ['Content-Length', '007', 'Content-Length', '8'],
      want: { contentLength: 8, contentLengths: ['007', '8'] },
    },
    {
      name: 'any transfer coding counts as chunks until it is judged',
      given: ['Transfer-Encoding', 'x'],
      want: { isChunked: true, transferEncodings: ['x'] },
    },
    {
      name: 'lists are joined',
      given: ['Connection', 'a', 'Connection', 'b', 'X-Forwarded-For', '1', 'X-Forwarded-For', '2'],
      want: { connection: 'a,b', forwardedFor: '1,2' },
    },
    {
      name: 'two traceparents are no valid one',
      given: ['traceparent', 'a', 'Traceparent', 'b'],
      want: { traceparent: 'a,b' },
    },
    {
      name: 'the first identifier and scheme count',
      given: ['X-Request-Id', 'a', 'X-Request-Id', 'b', 'X-Forwarded-Proto', 'c', 'X-Forwarded-Proto', 'd'],
      want: { requestId: 'a', forwardedProto: 'c' },
    },
    {
      name: 'an underscore makes another name',
      given: ['Content_Length', '5', 'X_Request_Id', 'a'],
      want: {},
    },
    {
      name: 'what is for others is not read',
      given: ['TE', 'trailers', 'Trailer', 'a', 'Date', 'b', 'Server', 'c', 'Keep-Alive', 'd'],
      want: {},
    },
    {
      name: 'expectation and upgrade',
      given: ['Expect', 'a', 'Upgrade', 'b'],
      want: { expect: 'a', upgrade: 'b' },
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => {
      const { rawHeaders, names, ...fields } = read(...given);
      assert.deepEqual(fields, { ...NONE, ...want });
      assert.deepEqual(rawHeaders, given);
      assert.equal(names.length * 2, given.length);
    });
  }
});
