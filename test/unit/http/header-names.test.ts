/** What is known of header names, and that remembering it changes nothing. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import {
  createHeaderNames,
  describeHeaderName,
  nameHeaders,
  normaliseHeaderName,
} from '../../../src/http/header-names.ts';

describe('a header name', () => {
  const cases: readonly {
    readonly given: string;
    readonly want: Partial<ReturnType<typeof describeHeaderName>>;
  }[] = [
    {
      given: 'Host',
      want: { normalised: 'host', read: 'host', endsWithRequest: false, endsWithResponse: false },
    },
    { given: 'CONNECTION', want: { read: 'connection', endsWithRequest: true, endsWithResponse: true } },
    {
      given: 'Transfer_Encoding',
      want: { normalised: 'transfer-encoding', read: undefined, endsWithRequest: true },
    },
    { given: 'Expect', want: { read: 'expect', endsWithRequest: true, endsWithResponse: false } },
    { given: 'Proxy-Authenticate', want: { endsWithRequest: false, endsWithResponse: true } },
    { given: 'X_Forwarded_For', want: { read: undefined, forwarding: 'written' } },
    { given: 'X-Forwarded-Prefix', want: { forwarding: 'family' } },
    { given: 'Via', want: { forwarding: 'via' } },
    { given: 'forwarded', want: { forwarding: 'forwarded' } },
    { given: 'X-Other', want: { normalised: 'x-other', read: undefined, forwarding: undefined } },
  ];
  for (const { given, want } of cases) {
    it(`is known however it is spelled: ${given}`, () => {
      const got = describeHeaderName(given);
      assert.deepEqual({ ...got, ...want }, got);
    });
  }

  it('is remembered as it is described, however many there are', () => {
    const nameOf = createHeaderNames();
    const known = fc.constantFrom(
      'Host',
      'host',
      'X_Real_IP',
      'TE',
      '__proto__',
      'constructor',
      'x'.repeat(100),
    );
    fc.assert(
      fc.property(fc.oneof(known, fc.stringMatching(/^[A-Za-z_-]{1,80}$/)), (name) => {
        assert.deepEqual(nameOf(name), describeHeaderName(name));
        assert.deepEqual(nameOf(name), describeHeaderName(name));
      }),
      { numRuns: 3_000 },
    );
  });

  it('is forgotten rather than that too many are remembered', () => {
    const nameOf = createHeaderNames();
    const first = nameOf('x-first');
    assert.equal(nameOf('x-first'), first);
    for (let count = 0; count < 2_000; count += 1) nameOf(`x-${count}`);
    assert.notEqual(nameOf('x-first'), first);
    assert.deepEqual(nameOf('x-first'), first);
  });

  it('that is long is described each time', () => {
    const nameOf = createHeaderNames();
    const long = 'x'.repeat(65);
    assert.notEqual(nameOf(long), nameOf(long));
  });

  it('is normalised in lower case, with hyphens', () => {
    assert.equal(normaliseHeaderName('X_A-B_c'), 'x-a-b-c');
  });
});

describe('the headers of a message', () => {
  it('have their names beside them, and one list of Connection', () => {
    const raw = ['Connection', 'a', 'Host', 'b', 'connection', 'c'];
    const { rawHeaders, names, connection } = nameHeaders(raw, describeHeaderName);
    assert.equal(rawHeaders, raw);
    assert.deepEqual(
      names.map(({ normalised }) => normalised),
      ['connection', 'host', 'connection'],
    );
    assert.equal(connection, 'a,c');
    assert.equal(nameHeaders(['Host', 'b'], describeHeaderName).connection, undefined);
  });
});
