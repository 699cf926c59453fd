/** What a result holds once, and what it leaves out. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  backendOf,
  compileManifests,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
  sliceOf,
} from '../../support/snapshot.ts';

describe('a result', () => {
  it('tells a problem once, however many routes run into it', () => {
    const endpoints = [{ addresses: ['127.0.0.1'] }, { addresses: ['10.0.0.1'] }];
    const paths = [80, 'http'].map((port) => ({
      path: `/${port}`,
      pathType: 'Prefix',
      backend: backendOf('web', port),
    }));
    const { table, problems } = compileManifests([
      OUR_CLASS,
      ...serviceOf('web').slice(0, 1),
      sliceOf('web', { endpoints }),
      ingressOf({ spec: { rules: [{ host: 'a.com', http: { paths } }] } }),
    ]);
    assert.deepEqual(Object.keys(table.backends), ['shop/web:80', 'shop/web:http']);
    assert.deepEqual(
      problems.map(({ reason, field }) => `${reason} ${field}`),
      ['InvalidEndpoint endpoints[0].addresses[0]'],
    );
  });

  it('holds no plan and no backend of routes that lost a conflict', () => {
    const spec = { rules: [ruleOf('a.com', 'Prefix /')] };
    const backend = backendOf('lost', 80);
    const paths = [{ path: '/', pathType: 'Prefix', backend }];
    const { table } = compileManifests([
      OUR_CLASS,
      ...serviceOf('web'),
      ...serviceOf('lost'),
      policyOf(),
      ingressOf({ name: 'a-winner', spec }),
      ingressOf({
        name: 'b-loser',
        annotations: { 'oidc-ingress.io/policy': 'api' },
        spec: { rules: [{ host: 'a.com', http: { paths } }] },
      }),
    ]);
    assert.deepEqual(Object.keys(table.backends), ['shop/web:80']);
    assert.deepEqual(table.plans, {});
  });

  it('strips the headers of policies that nobody uses and that cannot be enforced, too', () => {
    const { table } = compileManifests([
      OUR_CLASS,
      policyOf({ upstream: { claimHeaders: [{ header: 'X-Team', claim: ['team'] }] } }, 'unused'),
      policyOf({ provider: { issuer: 'http://a/' }, upstream: { token: { header: 'X-Token' } } }, 'insecure'),
    ]);
    assert.deepEqual(table.identityHeaders, ['x-team', 'x-token']);
  });

  it('holds once what the routes of an Ingress to one backend have in common', () => {
    const { table } = compileManifests([
      OUR_CLASS,
      ...serviceOf('web'),
      ingressOf({
        spec: { rules: [ruleOf('a.com', 'Prefix /a', 'Prefix /b'), ruleOf('b.com', 'Prefix /')] },
      }),
    ]);
    const routes = Object.values(table.hosts).flatMap((host) => host.routes);
    assert.equal(routes.length, 3);
    assert.equal(new Set(routes.map(({ action }) => action)).size, 1);
    assert.equal(new Set(routes.map(({ ingress }) => ingress)).size, 1);
  });
});
