/** The small rules that watches and writers go by. */

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';

import { createBackoff } from '../../../src/kube/backoff.ts';
import { parseJsonLines } from '../../../src/kube/json-lines.ts';
import { collectionPath, objectPath } from '../../../src/kube/paths.ts';
import { isOlder } from '../../../src/kube/resource-version.ts';
import { createTokenBucket } from '../../../src/kube/token-bucket.ts';
import { manualClock } from '../../support/manual-clock.ts';

describe('the order of versions', () => {
  const cases: readonly { version: string; than: string; want: boolean }[] = [
    { version: '9', than: '10', want: true },
    { version: '10', than: '9', want: false },
    { version: '10', than: '10', want: false },
    { version: '99999999999999999999', than: '100000000000000000000', want: true },
    { version: '1', than: 'abc', want: false },
    { version: '', than: '1', want: false },
  ];
  for (const { version, than, want } of cases) {
    it(`has "${version}" ${want ? '' : 'not '}before "${than}"`, () =>
      assert.equal(isOlder(version, than), want));
  }
});

describe('the delay after failures', () => {
  it('doubles up to 30 s, and is forgotten after two healthy minutes', () => {
    const clock = manualClock();
    const backoff = createBackoff(clock);
    const delays = Array.from({ length: 8 }, () => backoff.failed());
    assert.deepEqual(delays, [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    clock.advance(30_000 + 120_000);
    assert.equal(backoff.failed(), 30_000);
    clock.advance(30_000 + 120_001);
    assert.equal(backoff.failed(), 800);
  });

  it('is never under half of it', () => {
    assert.equal(createBackoff(manualClock(0)).failed(), 400);
  });
});

describe('the rate limit', () => {
  it('lets a burst through, then so many a second, and never saves up more than a burst', () => {
    const clock = manualClock();
    const bucket = createTokenBucket(clock, 5, 2);
    assert.deepEqual([bucket.take(), bucket.take(), bucket.take(), bucket.take()], [0, 0, 200, 400]);
    clock.advance(3_600_000);
    assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 200]);
  });
});

describe('lines of JSON', () => {
  async function linesOf(...chunks: readonly Uint8Array[]): Promise<readonly unknown[]> {
    const lines: unknown[] = [];
    for await (const line of parseJsonLines(Readable.from(chunks))) lines.push(line);
    return lines;
  }

  it('are read whole, wherever their bytes are cut', async () => {
    const bytes = Buffer.from('{"name":"größe-€-😀"}\n\n{"name":"b"}\n{"cut":');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      assert.deepEqual(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut)), [
        { name: 'größe-€-😀' },
        { name: 'b' },
      ]);
    }
  });

  it('may be as long as a large object, and no longer', async () => {
    const line = Buffer.from(`"${'x'.repeat(15 * 1024 * 1024)}"\n`);
    assert.equal((await linesOf(line)).length, 1);
    const endless = Array.from({ length: 17 }, () => Buffer.alloc(1024 * 1024, 'x'));
    await assert.rejects(linesOf(...endless), {
      message: 'a watch event exceeds 16777216 bytes',
    });
  });

  it('never show in the message of a failure', async () => {
    await assert.rejects(linesOf(Buffer.from('hunter2\n')), {
      message: 'a watch event is not JSON',
    });
  });
});

describe('paths of the API', () => {
  it('are those of the group, the namespace and the name', () => {
    assert.equal(collectionPath('Ingress'), '/apis/networking.k8s.io/v1/ingresses');
    assert.equal(collectionPath('ConfigMap', 'shop'), '/api/v1/namespaces/shop/configmaps');
    assert.equal(
      objectPath('OIDCPolicy', { namespace: 'shop', name: 'orders' }),
      '/apis/oidc-ingress.io/v1alpha1/namespaces/shop/oidcpolicies/orders',
    );
    assert.equal(
      objectPath('IngressClass', { namespace: '', name: 'oidc-ingress' }),
      '/apis/networking.k8s.io/v1/ingressclasses/oidc-ingress',
    );
  });
});
