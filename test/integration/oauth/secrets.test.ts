/** No secret and no token leaves the broker by any door but the wire. */

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { inspect } from 'node:util';

import { planFor, createBench, exchangeRequest, type BrokerBench } from '../../support/broker-bench.ts';
import {
  startScriptedProvider,
  type ScriptedAnswer,
  type ScriptedProvider,
  type TokenCall,
} from '../../support/scripted-provider.ts';

const SECRET = 'marked secret+/%ß-7f3a';
const FORMS: readonly string[] = [
  SECRET,
  encodeURIComponent(SECRET),
  new URLSearchParams([['', SECRET]]).toString().slice(1),
  Buffer.from(SECRET).toString('base64'),
  Buffer.from(SECRET).toString('base64url'),
  Buffer.from(SECRET).toString('hex'),
  // Within `client:secret`, at each offset that base64 can have.
  Buffer.from(`cron:${SECRET}`).toString('base64').slice(8, -4),
];

let provider: ScriptedProvider;
let bench: BrokerBench;

before(async () => {
  provider = await startScriptedProvider(() => bench.clock.nowMs());
});
after(() => provider.stop());

const echo = (status: number, error: string) => (): ScriptedAnswer => ({
  status,
  headers: { 'retry-after': SECRET.replace('ß', ''), 'x-ratelimit-remaining': SECRET.replace('ß', '') },
  body: { error, error_description: `you sent ${SECRET}`, access_token: 0, [SECRET]: SECRET },
});

const ANSWERS: readonly { readonly name: string; readonly given: (call: TokenCall) => unknown }[] = [
  { name: 'a token', given: (call) => provider.grant(call) },
  ...[200, 302, 400, 401, 403, 404, 429, 500, 503].map((status) => ({
    name: `${status} with the secret in place of the code`,
    given: echo(status, SECRET),
  })),
  ...['invalid_client', 'unauthorized_client', 'invalid_request', 'server_error'].map((error) => ({
    name: `400 ${error} with the secret in its words`,
    given: echo(400, error),
  })),
  { name: 'HTML with the secret', given: () => ({ body: `<html>${SECRET}` }) },
  {
    name: 'broken JSON with the secret',
    given: () => ({ body: `{"${SECRET}`, headers: { 'content-type': 'application/json' } }),
  },
  { name: 'the secret as a token', given: () => ({ body: { access_token: SECRET } }) },
  {
    name: 'the secret as the type of the token',
    given: () => ({ body: { access_token: 'a', token_type: SECRET } }),
  },
  {
    name: 'a redirect to the secret',
    given: () => ({
      status: 307,
      headers: { location: `https://elsewhere.test/?s=${encodeURIComponent(SECRET)}` },
    }),
  },
  { name: 'a broken connection', given: () => ({ break: 'reset' }) },
  {
    name: 'a token with the secret in its claims',
    given: (call) => provider.grant(call, { claims: { iss: SECRET, azp: SECRET } }),
  },
];

for (const method of ['client_secret_post', 'client_secret_basic'] as const) {
  for (const { name, given } of ANSWERS) {
    it(`${name} shows no secret in logs, metrics, refusals and states (${method})`, async () => {
      bench = createBench();
      let sent = '';
      provider.onToken = (call) => {
        sent = `${call.form.get('client_secret') ?? ''}${call.headers.authorization ?? ''}`;
        return given(call) as ScriptedAnswer;
      };
      const defaults = planFor(provider.issuer);
      assert.ok(defaults.clientCredentials !== undefined);
      const plan = {
        ...defaults,
        clientCredentials: { ...defaults.clientCredentials, tokenEndpointAuthMethod: method },
      };
      const request = exchangeRequest({ plan, secret: SECRET });
      const outcome = await bench.broker.obtain(request);
      const state = bench.broker.issuerState(plan);
      await bench.broker.purge('cron');
      await bench.broker.close();
      assert.notEqual(sent, '', 'the secret went out by the wire');
      const token = outcome.kind === 'granted' ? outcome.token : undefined;
      const shown = outcome.kind === 'granted' ? {} : outcome;
      const everything =
        inspect([bench.recorded, state, shown, request, bench.broker], { depth: 12, showHidden: true }) +
        JSON.stringify([bench.recorded, state, shown, request]);
      for (const form of FORMS) assert.ok(!everything.includes(form), `found ${form}`);
      if (token !== undefined) assert.ok(!everything.includes(token.slice(-40)));
    });
  }
}
