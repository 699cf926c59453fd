/** The emulator answers token requests as Auth0 documents it. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startAuth0Emulator, type Auth0Emulator } from '../../../src/dev/auth0-emulator.ts';

const AUDIENCE = 'https://orders.example.com/';
const FORM = 'application/x-www-form-urlencoded';

let emulator: Auth0Emulator;

before(async () => {
  emulator = await startAuth0Emulator({
    tenant: {
      clients: [
        { clientId: 'reader', clientSecrets: ['reader-secret'] },
        { clientId: 'special+id', clientSecrets: ['p%:w d'] },
        { clientId: 'member', clientSecrets: ['member-secret'] },
      ],
      apis: [
        { identifier: AUDIENCE, scopes: ['read:orders', 'write:orders'], tokenLifetimeSeconds: 600 },
        { identifier: 'https://plain.example.com/' },
      ],
      grants: [
        { clientId: 'reader', audience: AUDIENCE, scopes: ['read:orders', 'list:orders'] },
        { clientId: 'special+id', audience: AUDIENCE },
        {
          clientId: 'member',
          audience: AUDIENCE,
          organizationUsage: 'require',
          organizations: ['org_1'],
        },
      ],
    },
  });
});
after(() => emulator.close());

async function post(
  body: Readonly<Record<string, string>>,
  { contentType = FORM, basic }: { readonly contentType?: string; readonly basic?: string } = {},
) {
  const response = await fetch(`${emulator.issuer}oauth/token`, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      ...(basic !== undefined && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    },
    body: contentType === FORM ? new URLSearchParams(body).toString() : JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, answer };
}

const GOOD = {
  grant_type: 'client_credentials',
  client_id: 'reader',
  client_secret: 'reader-secret',
  audience: AUDIENCE,
};

/** `GOOD` with some parameters replaced, and those that are `undefined` left out. */
function changed(change: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries({ ...GOOD, ...change });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const REFUSALS = [
  {
    name: 'a wrong secret',
    given: changed({ client_secret: 'guess' }),
    want: { status: 401, error: 'access_denied', description: 'Unauthorized' },
  },
  {
    name: 'an unknown client',
    given: changed({ client_id: 'nobody' }),
    want: { status: 401, error: 'access_denied', description: 'Unauthorized' },
  },
  {
    name: 'no secret',
    given: changed({ client_secret: undefined }),
    want: { status: 401, error: 'access_denied', description: 'Unauthorized' },
  },
  {
    name: 'an API without a client grant',
    given: changed({ audience: 'https://plain.example.com/' }),
    want: {
      status: 403,
      error: 'access_denied',
      description:
        'Client is not authorized to access "https://plain.example.com/". You need to create a "client-grant" associated to this API. See: https://auth0.com/docs/api/management/v2/client-grants/post-client-grants',
    },
  },
  {
    name: 'an unknown audience',
    given: changed({ audience: 'https://typo.example.com/' }),
    want: {
      status: 403,
      error: 'access_denied',
      description: 'Service not found: https://typo.example.com/',
    },
  },
  {
    name: 'no audience',
    given: changed({ audience: undefined }),
    want: {
      status: 403,
      error: 'access_denied',
      description: 'No audience parameter was provided, and no default audience has been configured',
    },
  },
  {
    name: 'scopes that are not granted',
    given: changed({ scope: 'read:orders write:orders admin' }),
    want: {
      status: 403,
      error: 'access_denied',
      description: 'Client has not been granted scopes: write:orders, admin',
    },
  },
  {
    name: 'the scope openid',
    given: changed({ scope: 'openid read:orders' }),
    want: { status: 403, error: 'access_denied', description: 'Client has not been granted scopes: openid' },
  },
  {
    name: 'another grant type',
    given: changed({ grant_type: 'password' }),
    want: { status: 403, error: 'unsupported_grant_type', description: 'Unsupported grant type: password' },
  },
  {
    name: 'no grant type',
    given: changed({ grant_type: undefined }),
    want: { status: 400, error: 'invalid_request', description: 'Missing required parameter: grant_type' },
  },
  {
    name: 'an organization where none may be named',
    given: changed({ organization: 'org_1' }),
    want: {
      status: 403,
      error: 'access_denied',
      description: 'Client is not authorized to access organization "org_1"',
    },
  },
  {
    name: 'an organization that the client has no access to',
    given: changed({ client_id: 'member', client_secret: 'member-secret', organization: 'org_2' }),
    want: {
      status: 403,
      error: 'access_denied',
      description: 'Client is not authorized to access organization "org_2"',
    },
  },
  {
    name: 'no organization where one must be named',
    given: changed({ client_id: 'member', client_secret: 'member-secret' }),
    want: {
      status: 403,
      error: 'access_denied',
      description: 'Client requires organization to be specified',
    },
  },
];

for (const contentType of [FORM, 'application/json']) {
  for (const { name, given, want } of REFUSALS) {
    test(`refuses ${name}, asked by ${contentType}`, async () => {
      const { status, answer, headers } = await post(given, { contentType });
      assert.equal(status, want.status);
      assert.deepEqual(answer, { error: want.error, error_description: want.description });
      assert.equal(headers.get('cache-control'), 'no-store');
    });
  }

  test(`grants every scope of the client grant where none is asked for, asked by ${contentType}`, async () => {
    const { status, answer } = await post(GOOD, { contentType });
    const { access_token: token, ...rest } = answer;
    assert.equal(status, 200);
    assert.deepEqual(rest, { expires_in: 600, token_type: 'Bearer', scope: 'read:orders list:orders' });
    assert.match(String(token), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  });
}

test('grants the scopes that are asked for', async () => {
  const { answer } = await post(changed({ scope: 'list:orders' }));
  assert.equal(answer['scope'], 'list:orders');
});

test('names no scope where none is granted', async () => {
  const { status, answer } = await post(changed({ client_id: undefined, client_secret: undefined }), {
    basic: 'special%2Bid:p%25%3Aw+d',
  });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(answer).toSorted(), ['access_token', 'expires_in', 'token_type']);
});

test('refuses credentials in body and header at once', async () => {
  const { status, answer } = await post(GOOD, { basic: 'reader:reader-secret' });
  assert.equal(status, 400);
  assert.equal(answer['error'], 'invalid_request');
});

test('refuses a body that is neither a form nor a JSON object', async () => {
  const { status, answer } = await post(GOOD, { contentType: 'text/plain' });
  assert.equal(status, 400);
  assert.deepEqual(answer, {
    error: 'invalid_request',
    error_description: 'The request body could not be parsed',
  });
});

test('remembers token requests without their secrets', async () => {
  const before = emulator.calls.exchanges;
  await post(changed({ client_id: undefined, client_secret: undefined }), { basic: 'reader:reader-secret' });
  await post(changed({ organization: 'org_9' }));
  assert.equal(emulator.calls.exchanges, before + 2);
  const [basic, inBody] = emulator.tokenRequests.slice(-2);
  assert.equal(basic?.authMethod, 'client_secret_basic');
  assert.equal(basic.clientId, 'reader');
  assert.equal(inBody?.authMethod, 'client_secret_post');
  assert.deepEqual(inBody.parameters, {
    grant_type: 'client_credentials',
    client_id: 'reader',
    audience: AUDIENCE,
    organization: 'org_9',
  });
  const text = JSON.stringify(emulator.tokenRequests);
  assert.doesNotMatch(text, /reader-secret/);
  assert.ok(!text.includes(Buffer.from('reader:reader-secret').toString('base64')));
});
