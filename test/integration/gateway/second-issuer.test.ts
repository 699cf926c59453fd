/** The gateway against an OpenID provider of another make: `oidc-provider`. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startSecondIssuer, type SecondIssuer } from '../../support/second-issuer.ts';
import { echoOf, protectedBy, startWorld, surroundings, type World } from '../../support/world.ts';

const HOST = 'orders.example.com';

describe('oidc-provider as the issuer', () => {
  let issuer: SecondIssuer;
  let world: World;

  before(async () => {
    issuer = await startSecondIssuer();
    const { issuer: url, audience } = issuer;
    const resource = `parameters: [{ name: resource, value: "${audience}" }]`;
    world = await startWorld({
      manifests: ({ upstreamPort }) =>
        surroundings(upstreamPort) +
        protectedBy(
          'second',
          `{ provider: { issuer: "${url}" }, require: { audiences: ["${audience}"] }, clientCredentials: { ${resource} } }`,
          HOST,
        ) +
        protectedBy('opaque', `{ provider: { issuer: "${url}" }, clientCredentials: {} }`) +
        protectedBy(
          'nowhere',
          `{ provider: { issuer: "${url}" }, clientCredentials: { parameters: [{ name: resource, value: "https://unknown.example.com/" }] } }`,
        ),
    });
  });
  after(async () => {
    await world?.close();
    await issuer?.stop();
  });

  test('the right secret reaches the upstream as a token of the issuer', async () => {
    const answer = await world.call({ host: HOST, basic: `${issuer.clientId}:${issuer.clientSecret}` });
    assert.equal(answer.status, 200, answer.text);
    const claims = echoOf(answer).authorization?.claims;
    assert.equal(claims?.iss, issuer.issuer);
    assert.equal(claims.aud, issuer.audience);
    assert.equal(claims['client_id'], issuer.clientId);
  });

  test('a wrong secret and an unknown client are InvalidClient', async () => {
    for (const basic of [`${issuer.clientId}:wrong`, `nobody:${issuer.clientSecret}`]) {
      const answer = await world.call({ host: HOST, basic });
      assert.equal(answer.status, 401);
      assert.equal(answer.json()['reason'], 'InvalidClient');
    }
  });

  test('an opaque token is TokenRejected, a resource that it does not know ProviderMisconfigured', async () => {
    const basic = `${issuer.clientId}:${issuer.clientSecret}`;
    const opaque = await world.call({ host: 'opaque.example.com', basic });
    assert.equal(opaque.json()['reason'], 'TokenRejected', opaque.text);
    const unknown = await world.call({ host: 'nowhere.example.com', basic });
    assert.equal(unknown.json()['reason'], 'ProviderMisconfigured', unknown.text);
  });
});
