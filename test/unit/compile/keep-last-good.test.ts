/** Certificates whose Secrets become unusable. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { keepLastGood } from '../../../src/compile/keep-last-good.ts';
import type { CompileOptions } from '../../../src/compile/result.ts';
import { compileManifests, ingressOf, OUR_CLASS, ruleOf, serviceOf } from '../../support/snapshot.ts';
import { createKeyPair, tlsSecretOf } from '../../support/key-pair.ts';

const OLD = createKeyPair('a.com');
const NEW = createKeyPair('a.com');
const GARBAGE = { certificate: 'garbage', privateKey: 'garbage' };
const GOOD = tlsSecretOf('tls', OLD);
const BAD = tlsSecretOf('tls', GARBAGE);

function compileWith(
  secret: unknown,
  hosts: readonly string[] | undefined,
  options: Partial<CompileOptions> = {},
) {
  const rules = [hosts === undefined ? ruleOf(undefined, 'Prefix /') : ruleOf('a.com', 'Prefix /')];
  const spec = { rules, tls: [{ hosts, secretName: 'tls' }] };
  const objects = [OUR_CLASS, ...serviceOf('web'), ingressOf({ spec })];
  return compileManifests(secret === undefined ? objects : [...objects, secret], options);
}

describe('a certificate', () => {
  it('stays in service with its key while its Secret is unusable, and the problem is told', () => {
    const good = compileWith(GOOD, ['a.com']);
    const kept = keepLastGood(good, compileWith(BAD, ['a.com']));
    assert.deepEqual(kept.table.certificates, good.table.certificates);
    assert.equal(kept.certificateKeys['shop/tls']?.reveal(), OLD.privateKey);
    assert.deepEqual(
      kept.problems.map(({ reason }) => reason),
      ['TlsSecretInvalid'],
    );
    // Through any number of changes, until a good one comes.
    const later = keepLastGood(kept, compileWith(BAD, ['a.com']));
    assert.deepEqual(later.table.certificates, good.table.certificates);
    const renewed = keepLastGood(later, compileWith(tlsSecretOf('tls', NEW), ['a.com']));
    assert.equal(renewed.certificateKeys['shop/tls']?.reveal(), NEW.privateKey);
  });

  it('follows the hosts that it is wanted for', () => {
    const kept = keepLastGood(compileWith(GOOD, ['a.com']), compileWith(BAD, ['a.com', 'b.com']));
    assert.deepEqual(kept.table.certificates['shop/tls']?.hosts, ['a.com', 'b.com']);
  });

  it('keeps the names of its own, where no hosts are declared', () => {
    const kept = keepLastGood(compileWith(GOOD, undefined), compileWith(BAD, undefined));
    assert.deepEqual(kept.table.certificates['shop/tls']?.hosts, ['a.com']);
  });

  it('is gone when its Secret is', () => {
    assert.deepEqual(
      keepLastGood(compileWith(GOOD, ['a.com']), compileWith(undefined, ['a.com'])).table.certificates,
      {},
    );
  });

  it('is gone when nobody names it any more', () => {
    const unnamed = compileManifests([OUR_CLASS, BAD]);
    assert.equal(keepLastGood(compileWith(GOOD, ['a.com']), unnamed), unnamed);
  });

  it('cannot be kept where there was none', () => {
    const bad = compileWith(BAD, ['a.com']);
    assert.equal(keepLastGood(undefined, bad), bad);
    assert.equal(keepLastGood(bad, bad), bad);
  });

  it('stays the default one', () => {
    const options = { defaultTlsSecret: 'shop/tls' };
    const good = compileWith(GOOD, ['a.com'], options);
    const bad = compileWith(BAD, ['a.com'], options);
    assert.equal(good.table.defaultCertificate, 'shop/tls');
    assert.equal(bad.table.defaultCertificate, undefined);
    assert.equal(keepLastGood(good, bad).table.defaultCertificate, 'shop/tls');
  });
});
