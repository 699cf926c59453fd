/** The search for credentials in a body as it passes says the same as that in a whole one. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { credentialScan, hideBodyCredentials } from '../../../src/http/credentials.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json; charset=utf-8';
const NAMES = { clientId: 'client_id', clientSecret: 'client_secret' };

function isFound(contentType: string, text: string, pieces: readonly number[] = []): boolean {
  const scan = credentialScan(contentType, NAMES);
  const bytes = Buffer.from(text);
  let at = 0;
  for (const size of pieces) {
    scan(bytes.subarray(at, at + size));
    at += size;
  }
  return scan(bytes.subarray(at));
}

describe('credentials in a body that passes', () => {
  const cases: readonly {
    readonly name: string;
    readonly type: string;
    readonly given: string;
    readonly want: boolean;
  }[] = [
    { name: 'a parameter', type: FORM, given: 'a=1&client_secret=x', want: true },
    { name: 'the first one', type: FORM, given: 'client_id=x', want: true },
    { name: 'an encoded name', type: FORM, given: 'a=1&%63lient%5Fsecret=x', want: true },
    { name: 'a value of that name', type: FORM, given: 'a=client_secret&b=client_id=1', want: false },
    { name: 'a longer name', type: FORM, given: `a=1&client_secret_${'x'.repeat(100)}=1`, want: false },
    { name: 'a name without a value', type: FORM, given: 'client_secret', want: false },
    { name: 'a member', type: JSON_TYPE, given: '{"a": [1, {}], "client_secret" : "x"}', want: true },
    { name: 'an escaped name', type: JSON_TYPE, given: '{"\\u0063lient\\u005fsecret":1}', want: true },
    { name: 'a member further in', type: JSON_TYPE, given: '{"a":{"client_secret":1}}', want: false },
    { name: 'a member in an array', type: JSON_TYPE, given: '[{"client_secret":1}]', want: false },
    { name: 'a value that looks so', type: JSON_TYPE, given: '{"a":"\\",\\"client_id\\":1"}', want: false },
    {
      name: 'what is behind an escaped end',
      type: JSON_TYPE,
      given: '{"a":"\\\\","client_id":1}',
      want: true,
    },
    { name: 'another type', type: 'text/plain', given: 'client_secret=x', want: false },
  ];
  for (const { name, type, given, want } of cases) {
    it(`are ${want ? 'found' : 'not there'}: ${name}`, () => {
      assert.equal(isFound(type, given), want);
      assert.equal(
        isFound(
          type,
          given,
          Array.from({ length: given.length - 1 }, () => 1),
        ),
        want,
      );
    });
  }

  const piece = fc.array(fc.nat(9));

  it('are those that would be hidden in a whole form, however it is cut', () => {
    const part = fc.constantFrom('client_id', '%63lient_secret', 'a', '&', '&', '=', '=', '%', '+', 'client');
    fc.assert(
      fc.property(fc.array(part), piece, (parts, pieces) => {
        // What has no `=` has no value to hide.
        const text = parts
          .join('')
          .split('&')
          .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
          .join('&');
        const body = { contentType: FORM, bytes: Buffer.from(text) };
        assert.equal(isFound(FORM, text, pieces), hideBodyCredentials(body, NAMES) !== body.bytes);
      }),
    );
  });

  it('are those that would be hidden in a whole JSON object, however it is cut', () => {
    const name = fc.oneof(fc.constantFrom('client_id', 'client_secret', '"', '\\'), fc.string());
    const object = fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.dictionary(name, fc.jsonValue())));
    fc.assert(
      fc.property(object, piece, (given, pieces) => {
        const text = JSON.stringify(given);
        const body = { contentType: JSON_TYPE, bytes: Buffer.from(text) };
        assert.equal(isFound(JSON_TYPE, text, pieces), hideBodyCredentials(body, NAMES) !== body.bytes);
      }),
    );
  });
});
