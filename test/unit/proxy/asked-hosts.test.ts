/** Hosts that callers ask for: what is remembered of them is what would be found anew. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import * as fc from 'fast-check';

import { parseAuthority } from '../../../src/http/authority.ts';
import { createMatcher } from '../../../src/match/matcher.ts';
import { AskedHosts } from '../../../src/proxy/asked-hosts.ts';
import { eventually } from '../../support/eventually.ts';
import { compileManifests, ingressOf, OUR_CLASS, ruleOf, serviceOf } from '../../support/snapshot.ts';

const matcherOf = (...hosts: readonly string[]) => {
  const rules = hosts.map((host) => ruleOf(host, 'Prefix /'));
  return createMatcher(
    compileManifests([OUR_CLASS, ...serviceOf('web'), ingressOf({ spec: { rules } })]).table,
  );
};

describe('hosts that were asked for', () => {
  const texts = fc.constantFrom(
    'a.com',
    'A.com',
    'a.com.',
    'a.com:8080',
    'b.com',
    'x.b.com',
    'y.b.com:443',
    'nobody.org',
    '[::1]:80',
    'not valid',
    `${'a'.repeat(300)}.b.com`,
    '',
  );
  const matchers = [matcherOf('a.com', '*.b.com'), matcherOf('b.com', 'a.com'), matcherOf('nobody.org')];

  it('are read and found as if each were the first, however few are remembered', () => {
    const asked = fc.array(fc.tuple(texts, fc.constantFrom(...matchers)), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 64), asked, (slots, requests) => {
        const hosts = new AskedHosts(slots);
        for (const [text, matcher] of requests) {
          const found = hosts.find(text, matcher);
          const want = parseAuthority(text);
          assert.deepEqual(found && { host: found.host, port: found.port }, want, text);
          assert.deepEqual(found?.place, want && matcher.find(want.host), text);
        }
      }),
    );
  });

  it('are found once for a table', () => {
    const [matcher] = matchers;
    assert.ok(matcher !== undefined);
    const searched: string[] = [];
    const counting = { ...matcher, find: (host: string) => (searched.push(host), matcher.find(host)) };
    const hosts = new AskedHosts();
    for (const text of ['a.com', 'x.b.com', 'a.com', 'a.com', 'x.b.com']) hosts.find(text, counting);
    assert.deepEqual(searched, ['a.com', 'x.b.com']);
  });

  it('keep nothing of a table that has been replaced', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const hosts = new AskedHosts();
    const replaced = ['a.com', 'b.com', 'c.com'].map((host) => {
      const place = hosts.find(host, matcherOf(host))?.place;
      assert.ok(place !== undefined);
      return new WeakRef(place);
    });
    hosts.find('d.com', matcherOf('d.com'));
    await eventually('the end of the tables before', async () => {
      collect();
      return replaced.every((place) => place.deref() === undefined);
    });
  });
});
