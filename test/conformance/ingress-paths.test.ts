/** The table of paths in the Kubernetes documentation of Ingress ("Examples" under "Path types"), and what it leaves open. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { MATCHERS } from '../support/matchers.ts';
import { compileManifests, ingressOf, OUR_CLASS, ruleOf, serviceOf } from '../support/snapshot.ts';

interface PathCase {
  readonly paths: readonly string[];
  readonly request: string;
  /** The path of the rule that takes the request; `undefined`: none does. */
  readonly want: string | undefined;
}

const DOCUMENTED: readonly PathCase[] = [
  { paths: ['Prefix /'], request: '/', want: 'Prefix /' },
  { paths: ['Prefix /'], request: '/any/path', want: 'Prefix /' },
  { paths: ['Exact /foo'], request: '/foo', want: 'Exact /foo' },
  { paths: ['Exact /foo'], request: '/bar', want: undefined },
  { paths: ['Exact /foo'], request: '/foo/', want: undefined },
  { paths: ['Exact /foo/'], request: '/foo', want: undefined },
  { paths: ['Prefix /foo'], request: '/foo', want: 'Prefix /foo' },
  { paths: ['Prefix /foo'], request: '/foo/', want: 'Prefix /foo' },
  { paths: ['Prefix /foo/'], request: '/foo', want: 'Prefix /foo/' },
  { paths: ['Prefix /foo/'], request: '/foo/', want: 'Prefix /foo/' },
  { paths: ['Prefix /aaa/bb'], request: '/aaa/bbb', want: undefined },
  { paths: ['Prefix /aaa/bbb'], request: '/aaa/bbb', want: 'Prefix /aaa/bbb' },
  { paths: ['Prefix /aaa/bbb/'], request: '/aaa/bbb', want: 'Prefix /aaa/bbb/' },
  { paths: ['Prefix /aaa/bbb'], request: '/aaa/bbb/', want: 'Prefix /aaa/bbb' },
  { paths: ['Prefix /aaa/bbb'], request: '/aaa/bbb/ccc', want: 'Prefix /aaa/bbb' },
  { paths: ['Prefix /aaa/bbb'], request: '/aaa/bbbxyz', want: undefined },
  { paths: ['Prefix /', 'Prefix /aaa'], request: '/aaa/ccc', want: 'Prefix /aaa' },
  { paths: ['Prefix /', 'Prefix /aaa', 'Prefix /aaa/bbb'], request: '/aaa/bbb', want: 'Prefix /aaa/bbb' },
  { paths: ['Prefix /', 'Prefix /aaa', 'Prefix /aaa/bbb'], request: '/ccc', want: 'Prefix /' },
  { paths: ['Prefix /aaa'], request: '/ccc', want: undefined },
  { paths: ['Prefix /foo', 'Exact /foo'], request: '/foo', want: 'Exact /foo' },
];

const BEYOND: readonly PathCase[] = [
  { paths: ['Prefix /aaa'], request: '/aaaccc', want: undefined },
  { paths: ['Exact /Foo'], request: '/foo', want: undefined },
  { paths: ['Prefix /Foo'], request: '/foo/bar', want: undefined },
  { paths: ['Prefix /foo', 'Prefix /foo/'], request: '/foo', want: 'Prefix /foo/' },
  { paths: ['Prefix /foo', 'Prefix /foo/'], request: '/foo/bar', want: 'Prefix /foo/' },
  { paths: ['Exact /foo', 'Prefix /foo/'], request: '/foo', want: 'Exact /foo' },
  { paths: ['Exact /foo/', 'Prefix /foo'], request: '/foo/', want: 'Exact /foo/' },
  { paths: ['Exact /foo', 'Prefix /foo'], request: '/foo/', want: 'Prefix /foo' },
  { paths: ['Prefix /aaa/bbb/', 'Prefix /aaa'], request: '/aaa/bb', want: 'Prefix /aaa' },
  { paths: ['ImplementationSpecific /foo'], request: '/foo/bar', want: 'Prefix /foo' },
  { paths: ['ImplementationSpecific /fo.'], request: '/foo', want: undefined },
  { paths: ['Prefix /foo%20bar'], request: '/foo%20bar/x', want: 'Prefix /foo%20bar' },
  { paths: ['Prefix /foo'], request: '/foo//', want: 'Prefix /foo' },
  { paths: ['Prefix /foo'], request: '//foo', want: undefined },
  { paths: ['Prefix /'], request: '//', want: 'Prefix /' },
  { paths: ['Prefix /'], request: '*', want: undefined },
];

for (const { name: matcher, match } of MATCHERS) {
  describe(`paths, by ${matcher}`, () => {
    for (const { paths, request, want } of [...DOCUMENTED, ...BEYOND]) {
      it(`${paths.join(' and ')}: ${request} meets ${want ?? 'no route'}`, () => {
        const spec = { rules: [ruleOf('foo.example.com', ...paths)] };
        const { table, problems } = compileManifests([OUR_CLASS, ...serviceOf('web'), ingressOf({ spec })]);
        assert.deepEqual(problems, []);
        const route = match(table, 'foo.example.com', request)?.route;
        assert.equal(route && `${route.pathType} ${route.path}`, want);
      });
    }
  });
}
