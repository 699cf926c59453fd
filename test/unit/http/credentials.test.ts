/** Where credentials are looked for, and which ones count. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import {
  MAX_CREDENTIAL_BODY_BYTES,
  takeCallerParameters,
  takeCredentials,
  type CredentialBody,
  type TakenCredentials,
} from '../../../src/http/credentials.ts';
import type { ClientCredentialsPlan, PolicyPlan } from '../../../src/model/table.ts';
import { credentialsPlan, planOf } from '../../support/plan.ts';

const everywhere = planOf({
  clientCredentials: credentialsPlan({ sources: ['Basic', 'Query', 'Body'] }),
  bearer: true,
});

interface Given {
  readonly plan?: PolicyPlan;
  readonly authorization?: readonly string[];
  readonly query?: string;
  readonly body?: CredentialBody;
}

function take({ plan = everywhere, authorization = [], query, body }: Given): TakenCredentials {
  return takeCredentials(plan, { authorization, query, body });
}

/** One line that shows the secrets, for comparison. */
function shown(taken: TakenCredentials): string {
  if (taken.kind === 'none') return 'none';
  if (taken.kind === 'fault') return `${taken.reason}: ${taken.detail}`;
  if (taken.kind === 'bearer') return `bearer ${taken.token.reveal()}`;
  return `${taken.source} ${taken.clientId} ${taken.clientSecret.reveal()}`;
}

function basic(pair: string | Buffer): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function form(text: string): CredentialBody {
  return { contentType: 'application/x-www-form-urlencoded; charset=UTF-8', bytes: Buffer.from(text) };
}

function json(text: string): CredentialBody {
  return { contentType: 'application/json', bytes: Buffer.from(text) };
}

describe('credentials', () => {
  const cases: readonly { name: string; given: Given; want: string }[] = [
    { name: 'nothing', given: {}, want: 'none' },
    { name: 'Basic', given: { authorization: [basic('id:secret')] }, want: 'Basic id secret' },
    {
      name: 'Basic in any case, with more spaces',
      given: { authorization: [`bASIC  ${basic('id:s').slice(6)}`] },
      want: 'Basic id s',
    },
    { name: 'a secret with colons', given: { authorization: [basic('id:a:b:')] }, want: 'Basic id a:b:' },
    { name: 'an empty secret', given: { authorization: [basic('id:')] }, want: 'Basic id ' },
    { name: 'UTF-8', given: { authorization: [basic('ïd:pä€😀')] }, want: 'Basic ïd pä€😀' },
    {
      name: 'what looks form-encoded, as it is',
      given: { authorization: [basic('a%20b:c+d')] },
      want: 'Basic a%20b c+d',
    },
    { name: 'bearer', given: { authorization: ['bearer abc.d-e_f~/+=='] }, want: 'bearer abc.d-e_f~/+==' },
    { name: 'another scheme', given: { authorization: ['Negotiate abc'] }, want: 'none' },
    { name: 'an empty line', given: { authorization: [''] }, want: 'none' },
    {
      name: 'a query',
      given: { query: 'a=b&client_id=i%20d&client_secret=s+%c3%a9' },
      want: 'Query i d s é',
    },
    {
      name: 'a query with encoded names',
      given: { query: 'client%5fid=id&%63lient_secret=s' },
      want: 'Query id s',
    },
    { name: 'a query without credentials', given: { query: 'a=b&%zz&client_id2=x' }, want: 'none' },
    { name: 'a form', given: { body: form('client_id=id&client_secret=s%3D&x=1') }, want: 'Body id s=' },
    {
      name: 'a form with raw UTF-8',
      given: { body: form('client_id=id&client_secret=é') },
      want: 'Body id é',
    },
    {
      name: 'JSON',
      given: { body: json(' {"x":{"client_id":1},"client_id":"id","client_secret":"s\\u00e9"} ') },
      want: 'Body id sé',
    },
    {
      name: 'JSON with escaped names',
      given: { body: json('{"client\\u005fid":"id","client_secret":"}"}') },
      want: 'Body id }',
    },
    { name: 'JSON without credentials', given: { body: json('{"x":["client_id"]}') }, want: 'none' },
    { name: 'an empty body', given: { body: json('') }, want: 'none' },
    {
      name: 'a body of another type',
      given: { body: { contentType: 'text/plain', bytes: Buffer.from('{') } },
      want: 'none',
    },
    {
      name: 'three places that agree',
      given: {
        authorization: [basic('id:s')],
        query: 'client_id=id&client_secret=s',
        body: json('{"client_id":"id","client_secret":"s"}'),
      },
      want: 'Basic id s',
    },
    {
      name: 'Basic and a body that is no JSON',
      given: { authorization: [basic('id:s')], body: json('{') },
      want: 'Basic id s',
    },
    {
      name: 'bearer only: Basic',
      given: {
        plan: planOf({ clientCredentials: undefined, bearer: true }),
        authorization: [basic('id:s')],
        query: 'client_id=id',
      },
      want: 'none',
    },
    {
      name: 'bearer off: a bearer token',
      given: { plan: planOf(), authorization: ['Bearer abc'] },
      want: 'none',
    },
    {
      name: 'Basic only: other places',
      given: { plan: planOf(), query: 'client_id=id&client_secret=s', body: form('client_id=a') },
      want: 'none',
    },
    {
      name: 'Query only: Basic',
      given: {
        plan: planOf({ clientCredentials: credentialsPlan({ sources: ['Query'] }) }),
        authorization: ['Basic !'],
      },
      want: 'none',
    },
  ];
  for (const { name, given, want } of cases) {
    it(`are taken from ${name}`, () => assert.equal(shown(take(given)), want));
  }

  it('are looked for under the names of the policy', () => {
    const parameterNames = { clientId: 'api key', clientSecret: 'schlüssel' };
    const plan = planOf({
      clientCredentials: credentialsPlan({ sources: ['Query', 'Body'], parameterNames }),
    });
    assert.equal(shown(take({ plan, query: 'api+key=a&schl%C3%BCssel=b' })), 'Query a b');
    assert.equal(shown(take({ plan, body: form('api%20key=a&schlüssel=b') })), 'Body a b');
    assert.equal(shown(take({ plan, body: json('{"api key":"a","schlüssel":"b"}') })), 'Body a b');
  });

  it('survive Basic whatever characters they hold', () => {
    const character = fc
      .string({ unit: 'binary', maxLength: 20 })
      .map((text) => text.replaceAll(/[\x00-\x1f\x7f\ufffd]/g, ''));
    fc.assert(
      fc.property(
        character.map((id) => `i${id.replaceAll(':', '')}`),
        character,
        (id, secret) => {
          assert.equal(shown(take({ authorization: [basic(`${id}:${secret}`)] })), `Basic ${id} ${secret}`);
        },
      ),
    );
  });
});

describe('credentials that cannot be read', () => {
  const base64 = 'MalformedCredentials: the Basic credentials must be base64';
  const cases: readonly { name: string; given: Given; want: string }[] = [
    { name: 'no base64', given: { authorization: ['Basic !!!!'] }, want: base64 },
    { name: 'base64 without padding', given: { authorization: ['Basic aWQ6czE'] }, want: base64 },
    { name: 'base64 for URLs', given: { authorization: ['Basic aWQ6_-__'] }, want: base64 },
    {
      name: 'two credentials in a line',
      given: { authorization: ['Basic aWQ6czEy, Basic aWQ6czEy'] },
      want: base64,
    },
    { name: 'Basic alone', given: { authorization: ['Basic'] }, want: base64 },
    {
      name: 'no colon',
      given: { authorization: [basic('id')] },
      want: 'MalformedCredentials: the Basic credentials must hold a colon',
    },
    {
      name: 'Latin-1',
      given: { authorization: [basic(Buffer.from('id:\xe9', 'latin1'))] },
      want: 'MalformedCredentials: the Basic credentials must be UTF-8',
    },
    {
      name: 'an empty ID',
      given: { authorization: [basic(':s')] },
      want: 'MalformedCredentials: the client ID must not be empty',
    },
    {
      name: 'a control character in the ID',
      given: { authorization: [basic('i\nd:s')] },
      want: 'MalformedCredentials: the client ID must not hold control characters',
    },
    {
      name: 'a control character in the secret',
      given: { authorization: [basic('id:s\x7f')] },
      want: 'MalformedCredentials: the client secret must not hold control characters',
    },
    {
      name: 'half a character in the secret',
      given: { body: json('{"client_id":"id","client_secret":"\\ud800"}') },
      want: 'MalformedCredentials: the client secret must not hold control characters',
    },
    {
      name: 'a very long ID',
      given: { query: `client_id=${'a'.repeat(1025)}&client_secret=s` },
      want: 'MalformedCredentials: the client ID must not exceed 1024 characters',
    },
    {
      name: 'two lines that agree',
      given: { authorization: [basic('id:s'), basic('id:s')] },
      want: 'MalformedCredentials: Authorization must be sent at most once',
    },
    {
      name: 'a bearer token with a space',
      given: { authorization: ['Bearer a b'] },
      want: 'MalformedCredentials: the Bearer credentials must be one token',
    },
    {
      name: 'an empty bearer token',
      given: { authorization: ['Bearer '] },
      want: 'MalformedCredentials: the Bearer credentials must be one token',
    },
    {
      name: 'an ID alone',
      given: { query: 'client_id=id' },
      want: 'MalformedCredentials: the query holds a client ID without a client secret',
    },
    {
      name: 'a secret alone',
      given: { body: form('client_secret=s') },
      want: 'MalformedCredentials: the body holds a client secret without a client ID',
    },
    {
      name: 'a value that is not percent-encoded',
      given: { query: 'client_id=id&client_secret=%f' },
      want: 'MalformedCredentials: client ID and client secret in the query must be readable text',
    },
    {
      name: 'a number in JSON',
      given: { body: json('{"client_id":1,"client_secret":"s"}') },
      want: 'MalformedCredentials: client ID and client secret in the body must be readable text',
    },
    {
      name: 'two IDs in a query',
      given: { query: 'client_id=id&client_id=id&client_secret=s' },
      want: 'AmbiguousCredentials: the query must hold client ID and client secret once',
    },
    {
      name: 'two secrets in JSON',
      given: { body: json('{"client_id":"id","client_secret":"s","client_secret":"s"}') },
      want: 'AmbiguousCredentials: the body must hold client ID and client secret once',
    },
    {
      name: 'two places that differ in the secret',
      given: { authorization: [basic('id:a')], query: 'client_id=id&client_secret=b' },
      want: 'AmbiguousCredentials: two sets of credentials were sent, and they differ',
    },
    {
      name: 'two places that differ in the ID',
      given: { query: 'client_id=a&client_secret=s', body: form('client_id=b&client_secret=s') },
      want: 'AmbiguousCredentials: two sets of credentials were sent, and they differ',
    },
    {
      name: 'a bearer token and client credentials',
      given: { authorization: ['Bearer abc'], query: 'client_id=id&client_secret=s' },
      want: 'AmbiguousCredentials: two sets of credentials were sent, and they differ',
    },
    {
      name: 'good Basic and half a query',
      given: { authorization: [basic('id:s')], query: 'client_id=id' },
      want: 'MalformedCredentials: the query holds a client ID without a client secret',
    },
    {
      name: 'broken JSON',
      given: { body: json('{"client_id":') },
      want: 'MalformedBody: the body must be a JSON object',
    },
    {
      name: 'a JSON list',
      given: { body: json('[]') },
      want: 'MalformedBody: the body must be a JSON object',
    },
    {
      name: 'a body that is not UTF-8',
      given: { body: { contentType: 'application/json', bytes: Buffer.from([0x7b, 0xff]) } },
      want: 'MalformedBody: the body must be UTF-8',
    },
    {
      name: 'a body above the bound',
      given: { body: form('a'.repeat(MAX_CREDENTIAL_BODY_BYTES + 1)) },
      want: 'BodyTooLarge: the body must not exceed 65536 bytes',
    },
  ];
  for (const { name, given, want } of cases) {
    it(`are a fault: ${name}`, () => assert.equal(shown(take(given)), want));
  }
});

describe('parameters that the caller may choose', () => {
  const grant: ClientCredentialsPlan = credentialsPlan({
    callerParameters: [
      { name: 'organization', from: { header: 'x-organization' }, allowed: ['org_a', 'org b'] },
      { name: 'connection', from: { query: 'connection' }, allowed: ['é'] },
    ],
  });
  const taken = (headers: Readonly<Record<string, string>>, query?: string): unknown => {
    const result = takeCallerParameters(grant, (name) => headers[name], query);
    return result.kind === 'taken' ? result.parameters : `${result.reason}: ${result.detail}`;
  };

  it('are taken in the order of the policy, and left out where not sent', () => {
    assert.deepEqual(taken({}), []);
    assert.deepEqual(taken({ 'x-organization': 'org b' }, 'x=1&connection=%C3%A9'), [
      { name: 'organization', value: 'org b' },
      { name: 'connection', value: 'é' },
    ]);
  });

  it('are refused where the policy does not allow the value, which is not repeated', () => {
    const want =
      'BadRequest: the token parameter "organization" must be one of the values that the policy allows';
    assert.equal(taken({ 'x-organization': 'org_c' }), want);
    assert.equal(taken({ 'x-organization': '' }), want);
    for (const query of ['connection=', 'connection', 'connection=%ff']) {
      assert.match(String(taken({}, query)), /"connection" must be one of the values/);
    }
  });

  it('are refused where they are sent twice', () => {
    assert.equal(
      taken({}, 'connection=%C3%A9&connection=%C3%A9'),
      'BadRequest: the token parameter "connection" must be sent at most once',
    );
  });
});
