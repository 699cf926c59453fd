/** What is sent to the token endpoint. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from 'node:test';

import type { ClientCredentialsPlan, NameValue } from '../../../src/model/table.ts';
import { tokenRequest } from '../../../src/oauth/token-request.ts';
import { exchangeRequest, planFor } from '../../support/broker-bench.ts';
import { credentialsPlan } from '../../support/plan.ts';

const plan = planFor('https://issuer.test/');

function send(
  grant: Partial<ClientCredentialsPlan>,
  ask: Partial<Parameters<typeof exchangeRequest>[0]> = {},
) {
  return tokenRequest(
    'https://issuer.test/oauth/token',
    credentialsPlan(grant),
    exchangeRequest({ plan, ...ask }),
  );
}

const formOf = (request: ReturnType<typeof send>) =>
  Object.fromEntries(new URLSearchParams(request.body?.reveal()));

describe('a token request', () => {
  it('holds what the policy says', () => {
    const request = send({
      audience: 'https://api.test/',
      scopes: ['read:orders', 'write:orders'],
      organization: 'org_1',
      parameters: [{ name: 'resource', value: 'a&b=c' }],
      headers: [{ name: 'X-Tenant', value: 'acme' }],
    });
    assert.deepEqual(formOf(request), {
      audience: 'https://api.test/',
      scope: 'read:orders write:orders',
      organization: 'org_1',
      resource: 'a&b=c',
      grant_type: 'client_credentials',
      client_id: 'cron',
      client_secret: 'right',
    });
    assert.deepEqual(request.headers, {
      'x-tenant': 'acme',
      'content-type': 'application/x-www-form-urlencoded',
    });
  });

  it('holds nothing that the policy does not say', () => {
    assert.deepEqual(formOf(send({ audience: undefined })), {
      grant_type: 'client_credentials',
      client_id: 'cron',
      client_secret: 'right',
    });
  });

  it('holds what the caller chose instead of what the policy says, once', () => {
    const request = send(
      { organization: 'org_1' },
      { callerParameters: [{ name: 'organization', value: 'org_2' }] },
    );
    assert.deepEqual(new URLSearchParams(request.body?.reveal()).getAll('organization'), ['org_2']);
  });

  it('holds each resource of the policy, or the one that the caller chose instead', () => {
    const resources = ['https://a/', 'https://b/'];
    const grant = { parameters: resources.map((value) => ({ name: 'resource', value })) };
    const sent = (callerParameters: readonly NameValue[]) =>
      new URLSearchParams(send(grant, { callerParameters }).body?.reveal()).getAll('resource');
    assert.deepEqual(sent([]), resources);
    assert.deepEqual(sent([{ name: 'resource', value: 'https://c/' }]), ['https://c/']);
  });

  const CREDENTIALS = ['grant_type', 'client_id', 'client_secret'];
  it('lets no parameter stand in place of the credentials', () => {
    const callerParameters = CREDENTIALS.map((name) => ({ name, value: 'forged' }));
    assert.deepEqual(formOf(send({ audience: undefined }, { callerParameters })), {
      grant_type: 'client_credentials',
      client_id: 'cron',
      client_secret: 'right',
    });
    assert.deepEqual(
      formOf(
        send({ audience: undefined, tokenEndpointAuthMethod: 'client_secret_basic' }, { callerParameters }),
      ),
      { grant_type: 'client_credentials' },
    );
  });

  const BASIC: readonly { readonly id: string; readonly secret: string; readonly want: string }[] = [
    { id: 'cron', secret: 'right', want: 'cron:right' },
    { id: 'a:b', secret: 'c d', want: 'a%3Ab:c+d' },
    { id: 'ä', secret: '+%&=ö', want: '%C3%A4:%2B%25%26%3D%C3%B6' },
    { id: "~-._*'()!", secret: '/?#', want: '%7E-._*%27%28%29%21:%2F%3F%23' },
  ];
  for (const { id, secret, want } of BASIC) {
    it(`form-encodes ${id} and ${secret} for HTTP Basic`, () => {
      const request = send({ tokenEndpointAuthMethod: 'client_secret_basic' }, { clientId: id, secret });
      assert.equal(request.headers['authorization'], `Basic ${Buffer.from(want).toString('base64')}`);
    });
  }

  it('does not print the secret', () => {
    const request = send({}, { secret: 'marked-secret' });
    assert.doesNotMatch(inspect(request, { depth: 9 }) + JSON.stringify(request), /marked-secret/);
  });
});
