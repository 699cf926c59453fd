/** What each field of a policy does, seen from both sides: what the caller gets, and what reaches the upstream. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { after, before, describe, test } from 'node:test';

import { stringify } from 'yaml';

import { createKeyPair, tlsSecretOf } from '../../support/key-pair.ts';
import { call } from '../../support/http-client.ts';
import { eventually } from '../../support/eventually.ts';
import {
  AUDIENCE,
  CLIENT,
  RIGHT,
  WRONG,
  echoOf,
  ingress,
  policy,
  protectedBy,
  startWorld,
  surroundings,
  type World,
} from '../../support/world.ts';

const OTHER_AUDIENCE = 'https://invoices.example.com/';
const ORGANIZATION = 'org_a1';
const SERVER = createKeyPair('localhost');
const CLIENT_CERTIFICATE = createKeyPair('gateway');
const SHOP = createKeyPair('tls.example.com');
const NEXT_SHOP = createKeyPair('tls.example.com');

/** TLS in front of the tenant that wants to see a certificate of the gateway. */
function tlsFront(tenantPort: () => number | undefined): Server {
  const options = {
    key: SERVER.privateKey,
    cert: SERVER.certificate,
    ca: CLIENT_CERTIFICATE.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  };
  return createServer(options, (socket: TLSSocket) => {
    const port = tenantPort();
    // The gateway looks at providers before the tenant is up.
    if (port === undefined) {
      socket.destroy();
      return;
    }
    const inner = connect(port, '127.0.0.1');
    socket.pipe(inner).pipe(socket);
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
  });
}

function annotated(manifest: string, annotations: string): string {
  return manifest.replace(
    /annotations: \{([^}]*)\}/,
    (_, known: string) => `annotations: {${known.trim() === '' ? '' : `${known},`} ${annotations} }`,
  );
}

function manifests(issuer: string, upstreamPort: number, tlsPort: number): string {
  const provider = `provider: { issuer: "${issuer}" }`;
  const grant = `clientCredentials: { audience: "${AUDIENCE}" }`;
  return [
    surroundings(upstreamPort),
    protectedBy(
      'claims',
      `{ ${provider}, ${grant}, upstream: { claimHeaders: [{ header: X-Client-Id, claim: [azp] }, { header: X-Absent, claim: [nothing, here] }, { header: X-Lists, claim: ["https://example.com/lists"] }] } }`,
    ),
    ingress('open.example.com'),
    protectedBy('bearer', `{ ${provider}, bearer: {}, require: { audiences: ["${AUDIENCE}"] } }`),
    protectedBy('dry', `{ ${provider}, ${grant}, mode: DryRun }`),
    protectedBy(
      'caller',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", callerParameters: [{ name: organization, from: { header: X-Org }, allowed: ["${ORGANIZATION}"] }] } }`,
    ),
    protectedBy(
      'organization',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", organization: "${ORGANIZATION}" } }`,
    ),
    protectedBy('header', `{ ${provider}, ${grant}, upstream: { token: { header: X-Token } } }`),
    protectedBy('tokenless', `{ ${provider}, ${grant}, upstream: { token: None } }`),
    protectedBy(
      'shown',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", sources: [Query] }, upstream: { token: None, hideCredentials: false } }`,
    ),
    protectedBy(
      'named',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", sources: [Query], parameterNames: { clientId: key, clientSecret: pass } } }`,
    ),
    protectedBy(
      'basic-auth',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}", tokenEndpointAuthMethod: client_secret_basic, parameters: [{ name: vendor, value: "a b" }], headers: [{ name: X-Vendor, value: acme }] } }`,
    ),
    protectedBy(
      'exempt',
      `{ ${provider}, ${grant}, exempt: [{ path: /public, pathType: Prefix, methods: [GET] }] }`,
    ),
    protectedBy('tls', `{ ${provider}, ${grant}, transport: TlsOnly }`).replace(
      '  rules:',
      '  tls: [{ hosts: [tls.example.com], secretName: shop-tls }]\n  rules:',
    ),
    `---\n${stringify(tlsSecretOf('shop-tls', SHOP))}`,
    annotated(
      ingress('invoices.example.com', 'claims'),
      `oidc-ingress.io/audience: "${OTHER_AUDIENCE}", oidc-ingress.io/scopes: "read:invoices"`,
    ),
    annotated(ingress('scoped.example.com', 'claims'), 'oidc-ingress.io/scopes: "read:invoices"'),
    policy(
      'mutual',
      `{ provider: { issuer: "https://localhost:${tlsPort}/", tokenEndpoint: "https://localhost:${tlsPort}/oauth/token", jwksUri: "https://localhost:${tlsPort}/.well-known/jwks.json", additionalIssuers: ["${issuer}"], ca: { secretRef: { name: ca, key: ca.crt } }, clientCertificate: { secretRef: { name: client-tls } } }, ${grant} }`,
    ),
    ingress('mutual.example.com', 'mutual'),
    `---\n${stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ca', namespace: 'shop' }, stringData: { 'ca.crt': SERVER.certificate } })}`,
    `---\n${stringify(tlsSecretOf('client-tls', CLIENT_CERTIFICATE))}`,
    `---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: secure }
spec: { controller: oidc-ingress.io/controller, parameters: { apiGroup: oidc-ingress.io, kind: OIDCPolicy, name: claims, namespace: shop, scope: Namespace } }
`,
    ingress('by-class.example.com').replace('ingressClassName: oidc-ingress', 'ingressClassName: secure'),
    annotated(
      ingress('opts-out.example.com').replace('ingressClassName: oidc-ingress', 'ingressClassName: secure'),
      'oidc-ingress.io/policy: none',
    ),
  ].join('\n');
}

describe('the fields of a policy', () => {
  let world: World;
  let front: Server;
  let text = '';
  const at = (host: string, options: Omit<Parameters<World['call']>[0], 'host'> = {}) =>
    world.call({ host: `${host}.example.com`, ...options });

  before(async () => {
    front = tlsFront(() => world?.auth0.port);
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    const { port } = front.address() as AddressInfo;
    world = await startWorld({
      flags: ['--log-level=debug'],
      tenant: {
        clients: [{ clientId: CLIENT.id, clientSecrets: [CLIENT.secret] }],
        apis: [{ identifier: AUDIENCE }, { identifier: OTHER_AUDIENCE, scopes: ['read:invoices'] }],
        grants: [
          {
            clientId: CLIENT.id,
            audience: AUDIENCE,
            organizationUsage: 'allow',
            organizations: [ORGANIZATION],
            customClaims: { 'https://example.com/lists': ['a', 'b'] },
          },
          { clientId: CLIENT.id, audience: OTHER_AUDIENCE, scopes: ['read:invoices'] },
        ],
      },
      manifests: ({ issuer, upstreamPort }) => (text = manifests(issuer, upstreamPort, port)),
    });
  });
  after(async () => {
    await world?.close();
    front.close();
  });

  test('upstream.claimHeaders: claims become headers, and no copy of the caller gets through in any spelling', async () => {
    const headers = {
      'X-CLIENT-ID': 'forged',
      x_client_id: 'forged',
      'X-Absent': 'forged',
      'x-lists': 'forged',
    };
    const { headers: seen } = echoOf(await at('claims', { basic: RIGHT, headers }));
    assert.equal(seen['x-client-id'], CLIENT.id);
    assert.equal(seen['x-lists'], 'a,b');
    assert.equal(seen['x-absent'], undefined);
    assert.equal(seen['x_client_id'], undefined);
  });

  test('upstream.claimHeaders: the headers are stripped on open routes too', async () => {
    const { headers: seen } = echoOf(
      await at('open', { headers: { 'X-Client-Id': 'forged', 'X_Client-Id': 'forged', 'X-Other': 'kept' } }),
    );
    assert.equal(seen['x-client-id'], undefined);
    assert.equal(seen['x_client-id'], undefined);
    assert.equal(seen['x-other'], 'kept');
  });

  test('bearer: a token that the caller brings is verified and passed on; Basic is not looked at', async () => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      audience: AUDIENCE,
    });
    const issued = await fetch(`${world.auth0.issuer}oauth/token`, { method: 'POST', body: form });
    const { access_token: token } = (await issued.json()) as { readonly access_token: string };
    const before = world.auth0.calls.exchanges;
    const served = await at('bearer', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(served.status, 200, served.text);
    assert.equal(echoOf(served).authorization?.claims?.['azp'], CLIENT.id);
    assert.equal(world.auth0.calls.exchanges, before);
    const refused = await at('bearer', { basic: RIGHT });
    assert.equal(refused.json()['reason'], 'MissingCredentials');
    assert.equal(refused.headers['www-authenticate'], 'Bearer realm="bearer"');
  });

  test('mode DryRun: what would be refused goes through unchanged, and is counted and logged', async () => {
    const anonymous = await at('dry');
    assert.equal(anonymous.status, 200);
    const wrong = await at('dry', { basic: WRONG, headers: { 'X-Client-Id': 'forged' } });
    assert.equal(wrong.status, 200);
    assert.equal(echoOf(wrong).authorization?.scheme, 'Basic');
    assert.equal(echoOf(wrong).headers['x-client-id'], undefined);
    const line = await world.gateway.line(
      (text) =>
        text.includes('"msg":"request"') &&
        text.includes('"policy":"shop/dry"') &&
        text.includes('InvalidClient'),
    );
    assert.match(line, /"status":200/);
    const metrics = await call({ port: world.gateway.ports.admin, path: '/metrics' });
    assert.match(
      metrics.text,
      /oidc_ingress_auth_decisions_total\{policy="shop\/dry",outcome="[a-z_]+",reason="InvalidClient"\} 1/,
    );
  });

  test('clientCredentials.callerParameters: the caller chooses from the list, nothing else', async () => {
    const before = world.auth0.tokenRequests.length;
    const chosen = await at('caller', { basic: RIGHT, headers: { 'X-Org': ORGANIZATION } });
    assert.equal(chosen.status, 200, chosen.text);
    assert.equal(echoOf(chosen).authorization?.claims?.['org_id'], ORGANIZATION);
    assert.equal(world.auth0.tokenRequests.at(before)?.parameters['organization'], ORGANIZATION);
    const without = await at('caller', { basic: RIGHT });
    assert.equal(without.status, 200);
    assert.equal(echoOf(without).authorization?.claims?.['org_id'], undefined, 'a token of its own');
    const refused = await at('caller', { basic: RIGHT, headers: { 'X-Org': 'org_other' } });
    assert.equal(refused.status, 400);
    assert.equal(refused.json()['reason'], 'BadRequest');
  });

  test('clientCredentials.organization is sent', async () => {
    const served = await at('organization', { basic: RIGHT });
    assert.equal(echoOf(served).authorization?.claims?.['org_id'], ORGANIZATION);
  });

  test('upstream.token: in a header of its own, or not at all', async () => {
    const own = echoOf(await at('header', { basic: RIGHT }));
    assert.match(String(own.headers['x-token']), /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal(own.authorization, undefined);
    const none = echoOf(await at('tokenless', { basic: RIGHT, headers: { 'X-Token': 'forged' } }));
    assert.equal(none.authorization, undefined);
    assert.equal(none.headers['x-token'], undefined);
  });

  test('upstream.hideCredentials false leaves what the caller sent', async () => {
    const query = new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret });
    const answer = await at('shown', { path: `/a?${query.toString()}&b=1` });
    assert.equal(echoOf(answer).url, `/a?${query.toString()}&b=1`);
  });

  test('clientCredentials.parameterNames are the names in query and body', async () => {
    const query = new URLSearchParams({ key: CLIENT.id, pass: CLIENT.secret });
    const answer = await at('named', { path: `/a?${query.toString()}&b=1` });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(echoOf(answer).url, '/a?b=1');
  });

  test('clientCredentials.tokenEndpointAuthMethod, parameters and headers shape the token request', async () => {
    const answer = await at('basic-auth', { basic: RIGHT });
    assert.equal(answer.status, 200, answer.text);
    const sent = world.auth0.tokenRequests.at(-1);
    assert.equal(sent?.authMethod, 'client_secret_basic');
    assert.equal(sent.parameters['vendor'], 'a b');
    assert.equal(sent.parameters['client_id'], undefined);
    assert.equal(sent.headers['x-vendor'], 'acme');
  });

  test('exempt: its methods and paths need no credentials, every other does', async () => {
    assert.equal((await at('exempt', { path: '/public/logo.png' })).status, 200);
    assert.equal((await at('exempt', { path: '/public', method: 'POST', body: '' })).status, 401);
    assert.equal((await at('exempt', { path: '/publicity' })).status, 401);
    const preflight = { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'GET' };
    assert.equal((await at('exempt', { method: 'OPTIONS', headers: preflight })).status, 200);
    assert.equal((await at('exempt', { method: 'OPTIONS' })).status, 401);
  });

  test('transport TlsOnly: served over TLS with the certificate of the Ingress, refused in clear text without a redirect', async () => {
    const served = await call({
      port: world.gateway.ports.https,
      host: 'tls.example.com',
      ca: SHOP.certificate,
      basic: RIGHT,
    });
    assert.equal(served.status, 200, served.text);
    assert.equal(echoOf(served).headers['x-forwarded-proto'], 'https');
    const refused = await at('tls', { basic: RIGHT, headers: { 'X-Forwarded-Proto': 'https' } });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.location, undefined);
  });

  test('a renewed certificate is served without a restart', async () => {
    const old = stringify(tlsSecretOf('shop-tls', SHOP));
    assert.ok(text.includes(old));
    world.write(text.replace(old, stringify(tlsSecretOf('shop-tls', NEXT_SHOP))));
    await eventually('the new certificate', async () => {
      const answer = await call({
        port: world.gateway.ports.https,
        host: 'tls.example.com',
        ca: NEXT_SHOP.certificate,
        basic: RIGHT,
      });
      return answer.status === 200;
    });
    world.write(text);
  });

  test('annotation audience: one policy serves another API', async () => {
    const answer = await at('invoices', { basic: RIGHT });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(echoOf(answer).authorization?.claims?.aud, OTHER_AUDIENCE);
  });

  test('annotation scopes: asked for on top of the policy', async () => {
    const refused = await at('scoped', { basic: RIGHT });
    assert.equal(refused.json()['reason'], 'InsufficientScope');
    assert.equal((await at('claims', { basic: RIGHT })).status, 200);
  });

  test('IngressClass parameters: the policy protects every Ingress of the class, and none may opt out', async () => {
    assert.equal((await at('by-class')).json()['reason'], 'MissingCredentials');
    assert.equal((await at('by-class', { basic: RIGHT })).status, 200);
    assert.equal((await at('opts-out')).json()['reason'], 'PolicyUnavailable');
  });

  test('provider.ca, clientCertificate and additionalIssuers: mutual TLS with a provider of a private authority', async () => {
    const answer = await eventually('the provider is found again', async () => {
      const found = await at('mutual', { basic: RIGHT });
      return found.status === 200 ? found : undefined;
    });
    assert.equal(echoOf(answer).authorization?.claims?.iss, world.auth0.issuer);
  });
});
