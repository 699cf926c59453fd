/** Tokens come back from the broker's memory byte for byte. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { compactToken, expandToken } from '../../../src/oauth/compact-token.ts';

const HEADER = Buffer.from('{"alg":"RS256","typ":"JWT","kid":"h2Qk1zQYvG0vWcXQ5rG8A"}').toString('base64url');
const CLAIMS = {
  iss: 'https://acme.eu.auth0.com/',
  sub: 'kZ8n2LrXw0bQ7yT4mVvJp3cD6fGhAs9E@clients',
  aud: 'https://orders.acme.com/',
  iat: 1_795_509_085,
  exp: 1_795_595_485,
  scope: 'read:orders write:orders',
  gty: 'client-credentials',
  azp: 'kZ8n2LrXw0bQ7yT4mVvJp3cD6fGhAs9E',
};
const TOKEN = [
  HEADER,
  Buffer.from(JSON.stringify(CLAIMS)).toString('base64url'),
  randomBytes(256).toString('base64url'),
].join('.');

test('a token of Auth0 takes at most two thirds of its length, and comes back as it was', () => {
  const compact = compactToken(TOKEN);
  assert.ok(compact.length < (TOKEN.length * 2) / 3, `${compact.length} of ${TOKEN.length}`);
  assert.equal(expandToken(compact), TOKEN);
});

const ODD = [
  { name: 'of which the last bits are not zero', token: `${TOKEN.slice(0, -1)}B` },
  { name: 'that is opaque', token: 'opaque-token' },
  { name: 'with more parts', token: `${TOKEN}.more` },
  { name: 'with padding', token: `${TOKEN}==` },
  { name: 'that is empty', token: '' },
  { name: 'of dots', token: '...' },
];
for (const { name, token } of ODD) {
  test(`a token ${name} comes back as it was`, () => assert.equal(expandToken(compactToken(token)), token));
}

test('whatever was put in comes out', () => {
  const part = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
  const token = fc.oneof(
    fc.string(),
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
  );
  fc.assert(
    fc.property(token, (given) => {
      assert.equal(expandToken(compactToken(given)), given);
    }),
  );
});
