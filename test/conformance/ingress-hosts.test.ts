/** The table of hosts in the Kubernetes documentation of Ingress ("Hostname wildcards"), precedence, and invalid hosts. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { MATCHERS } from '../support/matchers.ts';
import { compileManifests, ingressOf, OUR_CLASS, ruleOf, serviceOf } from '../support/snapshot.ts';

interface HostCase {
  /** Empty: any host. */
  readonly hosts: readonly string[];
  readonly request: string;
  readonly want: string | undefined;
}

const DOCUMENTED: readonly HostCase[] = [
  { hosts: ['*.foo.com'], request: 'bar.foo.com', want: '*.foo.com' },
  { hosts: ['*.foo.com'], request: 'baz.bar.foo.com', want: undefined },
  { hosts: ['*.foo.com'], request: 'foo.com', want: undefined },
];

const BEYOND: readonly HostCase[] = [
  { hosts: ['foo.com'], request: 'foo.com', want: 'foo.com' },
  { hosts: ['FOO.com'], request: 'foo.com', want: 'foo.com' },
  { hosts: ['*.FOO.com'], request: 'bar.foo.com', want: '*.foo.com' },
  { hosts: ['foo.com'], request: 'foo.org', want: undefined },
  { hosts: ['bar.foo.com', '*.foo.com', ''], request: 'bar.foo.com', want: 'bar.foo.com' },
  { hosts: ['bar.foo.com', '*.foo.com', ''], request: 'baz.foo.com', want: '*.foo.com' },
  { hosts: ['bar.foo.com', '*.foo.com', ''], request: 'a.b.foo.com', want: '' },
  { hosts: ['bar.foo.com', '*.foo.com', ''], request: '10.0.0.1', want: '' },
  { hosts: ['*.bar.foo.com', '*.foo.com'], request: 'x.bar.foo.com', want: '*.bar.foo.com' },
  { hosts: ['*.foo.com'], request: '.foo.com', want: undefined },
  { hosts: ['*.com'], request: 'com', want: undefined },
  { hosts: ['xn--bcher-kva.example'], request: 'xn--bcher-kva.example', want: 'xn--bcher-kva.example' },
  // Names that plain objects have of themselves.
  { hosts: ['constructor', 'foo.com'], request: 'constructor', want: 'constructor' },
  { hosts: ['foo.com'], request: 'constructor', want: undefined },
  { hosts: ['foo.com'], request: '__proto__', want: undefined },
  { hosts: [''], request: '', want: '' },
];

const INVALID: readonly { readonly host: string; readonly message: string }[] = [
  { host: '*', message: '"*" must not be a bare wildcard: leave the host out to mean any host' },
  {
    host: '*foo.com',
    message: '"*foo.com" must have its wildcard as the whole first label, as in "*.example.com"',
  },
  {
    host: 'bar.*.com',
    message: '"bar.*.com" must have its wildcard as the whole first label, as in "*.example.com"',
  },
  { host: '10.0.0.1', message: '"10.0.0.1" must be a DNS name, not an IP address' },
  { host: '[::1]', message: '"[::1]" must be a DNS name, not an IP address' },
  { host: 'foo.com:80', message: '"foo.com:80" must have neither port nor trailing dot' },
  { host: 'foo.com.', message: '"foo.com." must have neither port nor trailing dot' },
  { host: 'foo_bar.com', message: '"foo_bar.com" must be a DNS name, or one with "*." in front' },
  { host: 'foo..com', message: '"foo..com" must be a DNS name, or one with "*." in front' },
  { host: '-foo.com', message: '"-foo.com" must be a DNS name, or one with "*." in front' },
];

const objects = (...hosts: readonly string[]): readonly unknown[] => [
  OUR_CLASS,
  ...serviceOf('web'),
  ingressOf({ spec: { rules: hosts.map((host) => ruleOf(host === '' ? undefined : host, 'Prefix /')) } }),
];

for (const { name: matcher, match } of MATCHERS) {
  describe(`hosts, by ${matcher}`, () => {
    for (const { hosts, request, want } of [...DOCUMENTED, ...BEYOND]) {
      it(`${hosts.map((host) => host || 'any host').join(' and ')}: ${request} meets ${want ?? 'no rule'}`, () => {
        const { table, problems } = compileManifests(objects(...hosts));
        assert.deepEqual(problems, []);
        assert.equal(match(table, request, '/')?.host, want);
      });
    }
  });
}

describe('invalid hosts', () => {
  for (const { host, message } of INVALID) {
    it(`${host} is told, and its sibling is served`, () => {
      const { table, problems } = compileManifests(objects(host, 'sibling.com'));
      assert.deepEqual(
        problems.map(({ reason, field, message }) => ({ reason, field, message })),
        [{ reason: 'InvalidHost', field: 'spec.rules[0].host', message }],
      );
      assert.equal(table.hosts['sibling.com']?.routes[0]?.action.kind, 'forward');
      const others = Object.values(table.hosts).flatMap(({ routes }) =>
        routes.map(({ action }) => action.kind),
      );
      assert.equal(others.filter((kind) => kind === 'forward').length, 1);
    });
  }
});
