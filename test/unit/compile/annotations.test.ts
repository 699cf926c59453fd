/** How annotations of an Ingress are read. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { PolicyReference } from '../../../src/compile/annotations/policy.ts';
import { readAnnotations } from '../../../src/compile/annotations/read-annotations.ts';
import {
  ANNOTATIONS,
  annotation,
  INGRESS_ANNOTATIONS,
  type AnnotationName,
  type AnnotationRow,
} from '../../../src/model/annotations.ts';

const ROWS = Object.entries(ANNOTATIONS) as [AnnotationName, AnnotationRow][];

/** Names without the prefix. */
function read(annotations: Readonly<Record<string, string>>) {
  const full = Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`oidc-ingress.io/${name}`, value]),
  );
  const { values, faults } = readAnnotations(full, 'shop');
  return {
    values,
    faults: faults.map(({ annotation, cause: { reason, message } }) => ({ annotation, reason, message })),
  };
}

describe('annotations of an Ingress', () => {
  for (const [name, row] of ROWS) {
    it(`accept the example of ${name} in the reference`, () => {
      const { values, faults } = read({ ...row.with, [name]: row.example });
      assert.deepEqual(faults, []);
      assert.notEqual(values[name], undefined);
    });

    it(`refuse ${name} when it is empty`, () => {
      assert.equal(read({ ...row.with, [name]: '' }).faults[0]?.reason, 'InvalidAnnotation');
    });
  }

  for (const [name, row] of ROWS.filter(([name, row]) => row.with !== undefined && name.startsWith('cors'))) {
    it(`refuse ${name} without those it belongs to`, () => {
      assert.deepEqual(read({ [name]: row.example }).faults, [
        {
          annotation: annotation(name),
          reason: 'InvalidAnnotation',
          message: 'has no effect without oidc-ingress.io/cors-allow-origins',
        },
      ]);
    });
  }

  it('of others are none of our business', () => {
    const others = { 'nginx.ingress.kubernetes.io/auth-url': 'x', 'oidc-ingress': 'y' };
    assert.deepEqual(readAnnotations(others, 'shop'), { values: {}, faults: [] });
  });

  const typos: readonly { readonly given: string; readonly want: string | undefined }[] = [
    { given: 'polcy', want: 'policy' },
    { given: 'scope', want: 'scopes' },
    { given: 'cors-allow-origin', want: 'cors-allow-origins' },
    { given: 'proxy-body-size', want: 'max-body-size' },
    { given: 'constructor', want: undefined },
    { given: 'x', want: undefined },
  ];
  for (const { given, want } of typos) {
    it(`that do not exist are told, with the nearest: ${given}`, () => {
      assert.deepEqual(read({ [given]: 'x' }).faults, [
        {
          annotation: `oidc-ingress.io/${given}`,
          reason: 'UnknownAnnotation',
          message: `there is no such annotation${want === undefined ? '' : `; the nearest is oidc-ingress.io/${want}`}`,
        },
      ]);
    });
  }

  it('are all told when they are wrong, in the order of their names', () => {
    const { faults } = read({ scopes: 'a  b', polcy: 'api', audience: '' });
    assert.deepEqual(
      faults.map(({ annotation, reason }) => `${reason} ${annotation}`),
      [
        'InvalidAnnotation oidc-ingress.io/audience',
        'UnknownAnnotation oidc-ingress.io/polcy',
        'InvalidAnnotation oidc-ingress.io/scopes',
      ],
    );
    assert.match(faults[0]?.message ?? '', /^"" must be /);
  });

  it('are quoted in short', () => {
    for (const name of INGRESS_ANNOTATIONS) {
      for (const value of [' '.repeat(5_000), 'x,'.repeat(5_000), '\u0000\n']) {
        for (const { cause } of readAnnotations({ [name]: value }, 'shop').faults) {
          assert.ok(cause.message.length < 400, cause.message);
        }
      }
    }
  });
});

describe('the annotation policy', () => {
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
    it(`${JSON.stringify(given)} means ${want === 'invalid' ? 'nothing' : JSON.stringify(want)}`, () => {
      const { values, faults } = read({ policy: given });
      if (want !== 'invalid')
        assert.deepEqual({ policy: values.policy, faults }, { policy: want, faults: [] });
      else assert.equal(faults[0]?.reason, 'InvalidAnnotation');
    });
  }
});
