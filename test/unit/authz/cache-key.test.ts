/** Keys are equal exactly for equal questions to the provider. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { createCacheKeys } from '../../../src/authz/cache-key.ts';
import { Redacted } from '../../../src/model/redacted.ts';
import type { NameValue, PolicyPlan } from '../../../src/model/table.ts';
import { credentialsPlan, planOf } from '../../support/plan.ts';

const keys = createCacheKeys(Buffer.alloc(32, 7));
const plan = planOf();

function key(given: PolicyPlan, id = 'id', secret = 'secret', parameters: readonly NameValue[] = []): string {
  return keys.forClient(given, id, new Redacted(secret), parameters);
}

describe('the key of client credentials', () => {
  it('is a base64url SHA-256 that depends on the pepper', () => {
    assert.match(key(plan), /^[A-Za-z0-9_-]{43}$/);
    const others = createCacheKeys(Buffer.alloc(32, 8));
    assert.notEqual(others.forClient(plan, 'id', new Redacted('secret'), []), key(plan));
  });

  it('is the same in every thread and for a plan that was sent anew', () => {
    const another = createCacheKeys(Buffer.alloc(32, 7));
    assert.equal(another.forClient(structuredClone(plan), 'id', new Redacted('secret'), []), key(plan));
  });

  const { provider, verification, cache } = plan;
  const pair = [{ name: 'a', value: 'b' }];
  const different: readonly { name: string; given: Partial<PolicyPlan> }[] = [
    { name: 'issuer', given: { provider: { ...provider, issuer: 'https://other/' } } },
    {
      name: 'token endpoint',
      given: { provider: { ...provider, tokenEndpoint: 'https://issuer.example.com/t' } },
    },
    { name: 'JWKS URL', given: { provider: { ...provider, jwksUri: 'https://issuer.example.com/t' } } },
    { name: 'further issuers', given: { provider: { ...provider, additionalIssuers: ['https://other/'] } } },
    { name: 'authorities', given: { provider: { ...provider, ca: 'pem' } } },
    {
      name: 'client certificate',
      given: {
        provider: {
          ...provider,
          clientCertificate: { secret: 's/t', chain: 'pem', digest: 'd', notBeforeMs: 0, notAfterMs: 1 },
        },
      },
    },
    { name: 'audience', given: { clientCredentials: credentialsPlan({ audience: undefined }) } },
    { name: 'scopes', given: { clientCredentials: credentialsPlan({ scopes: ['a'] }) } },
    { name: 'organization', given: { clientCredentials: credentialsPlan({ organization: 'o' }) } },
    { name: 'parameters', given: { clientCredentials: credentialsPlan({ parameters: pair }) } },
    { name: 'headers', given: { clientCredentials: credentialsPlan({ headers: pair }) } },
    {
      name: 'authentication at the token endpoint',
      given: { clientCredentials: credentialsPlan({ tokenEndpointAuthMethod: 'client_secret_basic' }) },
    },
    { name: 'algorithms', given: { verification: { ...verification, algorithms: ['ES256'] } } },
    { name: 'clock tolerance', given: { verification: { ...verification, clockToleranceSeconds: 0 } } },
    { name: 'client binding', given: { verification: { ...verification, bindClient: false } } },
    { name: 'longest use of a token', given: { cache: { ...cache, maxTtlMs: 1 } } },
    { name: 'longest trust in a secret', given: { cache: { ...cache, revalidateAfterMs: 1 } } },
  ];
  for (const { name, given } of different) {
    it(`differs with another ${name}`, () => assert.notEqual(key(planOf(given)), key(plan)));
  }

  it('differs pairwise between all of these', () => {
    assert.equal(new Set(different.map(({ given }) => key(planOf(given)))).size, different.length);
  });

  const same: readonly { name: string; given: Partial<PolicyPlan> }[] = [
    { name: 'name and realm', given: { policy: 'shop/other', realm: 'other' } },
    {
      name: 'requirements',
      given: { audiences: ['a'], require: { scopes: ['a'], scopesClaim: 'b', claims: [], clients: ['c'] } },
    },
    {
      name: 'forwarding',
      given: { upstream: { token: { kind: 'none' }, claimHeaders: [], hideCredentials: false } },
    },
    {
      name: 'places of the credentials',
      given: { clientCredentials: credentialsPlan({ sources: ['Query'] }), bearer: true },
    },
  ];
  for (const { name, given } of same) {
    it(`is shared with a policy of other ${name}`, () => assert.equal(key(planOf(given)), key(plan)));
  }

  it('tells apart the same characters divided in other ways', () => {
    const text = fc.string({ maxLength: 3 });
    const delimiter = fc.constantFrom('', ':', '1:', '2:a', '\0', ',', 'client', '""');
    fc.assert(
      fc.property(text, text, text, delimiter, (a, b, c, by) => {
        const one = [a + by + b, c];
        const other = [a, b + by + c];
        assert.equal(key(plan, ...one) === key(plan, ...other), one[0] === other[0] && one[1] === other[1]);
        const name = { name: b, value: c };
        assert.notEqual(key(plan, a, b, [name]), key(plan, a, b + by + b + by + c));
      }),
    );
  });

  it('is never shared by two callers that ask differently', () => {
    const traps = fc.constantFrom(
      '',
      ':',
      '0:',
      '1:a',
      '2:',
      'a',
      'é',
      '\ud800',
      '\ud801',
      '\ufffd',
      '😀',
      'client',
      'bearer',
    );
    const text = fc.oneof(
      traps,
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.array(traps, { maxLength: 4 }).map((parts) => parts.join('')),
    );
    const parameter = fc.record({ name: text, value: text }, { noNullPrototype: true });
    const question = fc.tuple(text, text, fc.array(parameter, { maxLength: 2 }));
    fc.assert(
      fc.property(question, question, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        assert.equal(key(plan, ...one) === key(plan, ...other), isSame);
      }),
      {
        numRuns: 2_000,
        examples: [
          [
            ['a', '1:b', []],
            ['a1', ':b', []],
          ],
          [
            ['', 'ab', []],
            ['ab', '', []],
          ],
          [
            ['a', 'b', [{ name: 'c', value: 'd' }]],
            ['a', 'b1:c1:d', []],
          ],
          [
            ['a', '\ud800', []],
            ['a', '\ufffd', []],
          ],
        ],
      },
    );
  });
});

describe('the key of a bearer token', () => {
  it('differs from that of other tokens and of client credentials', () => {
    const bearer = keys.forBearer(plan, new Redacted('secret'));
    assert.notEqual(bearer, keys.forBearer(plan, new Redacted('secret2')));
    assert.notEqual(bearer, key(plan, '', 'secret'));
    assert.equal(bearer, keys.forBearer(structuredClone(plan), new Redacted('secret')));
  });

  it('differs between issuers, also where the grant is off', () => {
    const off = planOf({ clientCredentials: undefined, bearer: true });
    const elsewhere = { ...off, provider: { ...off.provider, issuer: 'https://other/' } };
    assert.notEqual(keys.forBearer(off, new Redacted('t')), keys.forBearer(elsewhere, new Redacted('t')));
  });
});
