/** A provider whose keys change while a token is verified. */

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { SignJWT } from 'jose';

import { DEFAULT_BOUNDS } from '../../../src/oauth/exchange-gate.ts';
import type { ProviderHttp } from '../../../src/oauth/provider-http.ts';
import { Provider } from '../../../src/oauth/provider.ts';
import { recordingTelemetry } from '../../support/broker-bench.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { planOf } from '../../support/plan.ts';
import { createSigningKey, type SigningKey } from '../../support/scripted-provider.ts';

const plan = planOf();
const clock = manualClock();

function tokenOf({ privateKey, publicJwk, alg }: SigningKey): Promise<string> {
  return new SignJWT({ iss: plan.provider.issuer, exp: clock.nowMs() / 1_000 + 60 })
    .setProtectedHeader({ alg, kid: publicJwk.kid ?? '' })
    .sign(privateKey);
}

it('a token whose key vanishes while its signature is checked is rejected', async () => {
  const old = await createSigningKey('RS256', 'old');
  const next = await createSigningKey('RS256', 'next');
  const oldToken = await tokenOf(old);
  const nextToken = await tokenOf(next);
  let published = old;
  const http: ProviderHttp = {
    send: () =>
      Promise.resolve({ kind: 'answer', status: 200, headers: {}, json: { keys: [published.publicJwk] } }),
    close: () => Promise.resolve(),
  };
  const provider = new Provider({
    settings: { ...plan.provider, tokenEndpoint: 'https://idp.test/t', jwksUri: 'https://idp.test/k' },
    http,
    clock,
    telemetry: recordingTelemetry([]),
    gateBounds: DEFAULT_BOUNDS,
    onChange: () => {},
    onKeysReplaced: () => {},
  });
  const verify = (token: string) =>
    provider.verify({ token, plan, clientId: undefined, nowMs: clock.nowMs() });
  assert.equal((await verify(oldToken)).kind, 'verified');
  published = next;
  // The second finds its key missing and has the keys fetched, while threads of the library check the first.
  const [first, second] = await Promise.all([verify(oldToken), verify(nextToken)]);
  assert.equal(first.kind, 'rejected');
  assert.equal(second.kind, 'verified');
});
