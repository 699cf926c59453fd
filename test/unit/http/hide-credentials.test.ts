/** Credentials in query and body do not reach the upstream, and everything else does, byte for byte. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import {
  hideBodyCredentials,
  hideQueryCredentials,
  isCredentialBodyType,
} from '../../../src/http/credentials.ts';

const names = { clientId: 'client_id', clientSecret: 'client_secret' };

describe('the query without credentials', () => {
  const cases: readonly { given: string | undefined; want: string | undefined }[] = [
    { given: undefined, want: undefined },
    { given: '', want: '' },
    { given: 'a=b', want: 'a=b' },
    { given: 'client_id=a&client_secret=b', want: undefined },
    { given: 'x=%zz&client_id=a&y=+&client_secret=b&z', want: 'x=%zz&y=+&z' },
    { given: '&client_id=a&&x', want: '&&x' },
    { given: '%63lient_id=a&client%5Fsecret=b&x=client_id', want: 'x=client_id' },
    { given: 'client_id&client_secret&client_secret=c&CLIENT_ID=d', want: 'CLIENT_ID=d' },
  ];
  for (const { given, want } of cases) {
    it(`is ${JSON.stringify(want)} for ${JSON.stringify(given)}`, () => {
      assert.equal(hideQueryCredentials(given, names), want);
    });
  }

  it('never holds the secret, however its name is encoded and wherever it stands', () => {
    const encoded = (name: string): fc.Arbitrary<string> =>
      fc
        .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
        .map((flips) =>
          Array.from(name, (character, at) =>
            flips[at] === true ? `%${character.charCodeAt(0).toString(16)}` : character,
          ).join(''),
        );
    const other = fc.string({ unit: fc.constantFrom('a', '=', '%', '+', '2', 'c') });
    fc.assert(
      fc.property(encoded('client_secret'), fc.array(other), fc.array(other), (name, before, after) => {
        const hidden = hideQueryCredentials([...before, `${name}=MARK`, ...after].join('&'), names);
        assert.equal(hidden?.includes('MARK') ?? false, false);
        const rest = [...before, ...after].join('&');
        assert.equal(hidden, rest === '' ? undefined : rest);
      }),
    );
  });
});

describe('the body without credentials', () => {
  const hide = (contentType: string, text: string): string =>
    Buffer.from(hideBodyCredentials({ contentType, bytes: Buffer.from(text, 'latin1') }, names)).toString(
      'latin1',
    );
  const form = 'application/x-www-form-urlencoded';
  const json = 'application/json; charset=utf-8';
  const cases: readonly { name: string; type: string; given: string; want: string }[] = [
    { name: 'a form', type: form, given: 'a=%zz+&client_id=x&client%5fsecret=y&b', want: 'a=%zz+&b' },
    { name: 'a form of credentials alone', type: form, given: 'client_id=x&client_secret=y', want: '' },
    { name: 'a form that is not UTF-8', type: form, given: 'a=\xff&client_secret=y', want: 'a=\xff' },
    {
      name: 'an object of credentials alone',
      type: json,
      given: '{"client_id":"x","client_secret":"y"}',
      want: '{}',
    },
    {
      name: 'an object with numbers beyond 2^53, duplicates, white space and nested names',
      type: json,
      given:
        ' { "n" : 12345678901234567890 , "client_id" : "x,\\"}" ,\n"d":1.50,"d":[{"client_id":"z"}], "client_secret":{"a":[1,"]"]} } ',
      want: ' { "n" : 12345678901234567890 ,\n"d":1.50,"d":[{"client_id":"z"}]} ',
    },
    {
      name: 'an object with escaped and repeated names',
      type: json,
      given: '{"client\\u005fid":"x","a":"\\\\","client_id":1}',
      want: '{"a":"\\\\"}',
    },
    { name: 'an empty object', type: json, given: '{ }', want: '{ }' },
    { name: 'a list', type: json, given: '[{"client_id":1}]', want: '[{"client_id":1}]' },
    { name: 'what is no JSON', type: json, given: '{"client_id":', want: '{"client_id":' },
    { name: 'another type', type: 'text/plain', given: 'client_id=x', want: 'client_id=x' },
  ];
  for (const { name, type, given, want } of cases) {
    it(`keeps the rest of ${name}`, () => assert.equal(hide(type, given), want));
  }

  it('means the same as before but for the credentials', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.jsonValue(),
        fc.nat(4),
        (object, secret, indent) => {
          const { client_id: _, client_secret: __, ...rest } = object;
          const given = JSON.stringify({ ...rest, client_secret: secret, client_id: 'x' }, undefined, indent);
          const hidden = hideBodyCredentials(
            { contentType: 'application/json', bytes: Buffer.from(given) },
            names,
          );
          assert.deepEqual(JSON.parse(Buffer.from(hidden).toString()), JSON.parse(JSON.stringify(rest)));
        },
      ),
    );
  });
});

describe('the type of a body that may hold credentials', () => {
  const cases: readonly { given: string | undefined; want: boolean }[] = [
    { given: 'application/x-www-form-urlencoded', want: true },
    { given: 'Application/JSON', want: true },
    { given: 'application/json; charset=utf-8', want: true },
    { given: 'application/json;charset="UTF-8"', want: true },
    { given: 'application/json; profile=x', want: true },
    { given: 'application/json; charset=iso-8859-1', want: false },
    { given: 'application/vnd.api+json', want: false },
    { given: 'application/jsonl', want: false },
    { given: 'multipart/form-data; boundary=x', want: false },
    { given: '', want: false },
    { given: undefined, want: false },
  ];
  for (const { given, want } of cases) {
    it(`${want ? 'is' : 'is not'} ${JSON.stringify(given)}`, () => {
      assert.equal(isCredentialBodyType(given), want);
    });
  }
});
