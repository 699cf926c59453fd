/** How annotations of an Ingress are read. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readAnnotations, type PolicyReference } from '../../../src/compile/annotations.ts';
import { INGRESS_ANNOTATIONS } from '../../../src/model/names.ts';

function read(annotations: Readonly<Record<string, string>>) {
  const ingress = { annotations, ingressClassName: undefined, defaultBackend: undefined, rules: [], tls: [] };
  const meta = { namespace: 'shop', name: 'web', uid: '', generation: 0, createdAtMs: 0 };
  const problems: string[] = [];
  const result = readAnnotations(ingress, meta, (field, { reason }) => problems.push(`${reason} ${field}`));
  return { ...result, problems };
}

describe('annotations of an Ingress', () => {
  it('that are documented are all understood', () => {
    for (const name of INGRESS_ANNOTATIONS) assert.deepEqual(read({ [name]: 'value' }).problems, [], name);
  });

  it('of others are none of our business', () => {
    const { fault, problems } = read({ 'nginx.ingress.kubernetes.io/auth-url': 'x', 'oidc-ingress': 'y' });
    assert.deepEqual({ fault, problems }, { fault: undefined, problems: [] });
  });

  const policies: readonly { readonly given: string; readonly want: PolicyReference | 'invalid' }[] = [
    { given: 'api', want: { kind: 'policy', key: 'shop/api' } },
    { given: 'infra/api', want: { kind: 'policy', key: 'infra/api' } },
    { given: 'api.v1', want: { kind: 'policy', key: 'shop/api.v1' } },
    { given: 'none', want: { kind: 'none' } },
    { given: 'shop/none', want: { kind: 'policy', key: 'shop/none' } },
    { given: 'None', want: 'invalid' },
    { given: '', want: 'invalid' },
    { given: ' api', want: 'invalid' },
    { given: 'api\n', want: 'invalid' },
    { given: '/api', want: 'invalid' },
    { given: 'a/b/c', want: 'invalid' },
    { given: 'a.b/api', want: 'invalid' },
  ];
  for (const { given, want } of policies) {
    it(`name the policy ${JSON.stringify(given)}: ${want === 'invalid' ? want : JSON.stringify(want)}`, () => {
      const { policy, fault } = read({ 'oidc-ingress.io/policy': given });
      if (want !== 'invalid') assert.deepEqual({ policy, fault }, { policy: want, fault: undefined });
      else assert.equal(fault?.reason, 'InvalidAnnotation');
    });
  }

  it('are all told when they are wrong, and the first is the cause', () => {
    const { fault, problems } = read({
      'oidc-ingress.io/scopes': 'a  b',
      'oidc-ingress.io/polcy': 'api',
      'oidc-ingress.io/audience': '',
    });
    assert.deepEqual(problems, [
      'InvalidAnnotation metadata.annotations.oidc-ingress.io/audience',
      'UnknownAnnotation metadata.annotations.oidc-ingress.io/polcy',
      'InvalidAnnotation metadata.annotations.oidc-ingress.io/scopes',
    ]);
    assert.match(fault?.message ?? '', /^oidc-ingress\.io\/audience: "" must be /);
  });

  it('are quoted in short', () => {
    const { fault } = read({ 'oidc-ingress.io/audience': ' '.repeat(5_000) });
    assert.ok((fault?.message.length ?? Infinity) < 300);
  });
});
