/** What the reflector makes of everything that an API server and a network may do. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createKubeHttp } from '../../../src/kube/http.ts';
import type { Selection } from '../../../src/kube/list.ts';
import { Reflector } from '../../../src/kube/reflector.ts';
import { collectingLogger, type CollectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { accessTo, startScriptedApi, type ApiCall, type ScriptedApi } from '../../support/scripted-api.ts';
import { watchCounts, type WatchCounts } from '../../support/watch-counts.ts';

const FIRST_WAIT_MS = 800;
const SILENCE_MS = 150_000;

const object = (name: string, version: number, rest: object = {}) => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: String(version) },
  ...rest,
});

const list = (version: number, items: readonly object[], next = '') => ({
  metadata: { resourceVersion: String(version), continue: next },
  items,
});

const bookmark = (version: number) => ({ metadata: { resourceVersion: String(version) } });

const status = (code: number, message: string, details?: object) => ({
  kind: 'Status',
  code,
  message,
  ...(details !== undefined && { details }),
});

describe('the reflector', () => {
  let api: ScriptedApi;
  let clock: ManualClock;
  let logger: CollectingLogger;
  let telemetry: WatchCounts;
  let reflector: Reflector;
  let changes: string[];
  let isSynced: boolean;
  let onObject: (name: string) => void;

  beforeEach(async () => {
    api = await startScriptedApi();
    clock = manualClock();
    logger = collectingLogger();
    telemetry = watchCounts();
    changes = [];
    isSynced = false;
    onObject = () => {};
  });

  afterEach(async () => {
    await reflector.close();
    await api.close();
    assert.deepEqual(clock.pending(), [], 'a timer was left behind');
    assert.deepEqual(api.untaken.length, 0, 'a request that nobody expected');
  });

  function start(selection: Selection = { kind: 'Ingress' }, access = api.access): void {
    reflector = new Reflector({
      http: createKubeHttp(access),
      selection,
      clock,
      logger,
      telemetry,
      onChange: (change) => {
        if (change.kind === 'deleted') {
          changes.push(`- ${change.key}`);
          return;
        }
        const { resourceVersion } = change.object['metadata'] as { resourceVersion: string };
        changes.push(`${change.key} ${resourceVersion}`);
        onObject(change.key);
      },
    });
    void reflector.synced.then(() => (isSynced = true));
  }

  /** The next request, which must be a list. */
  async function nextList(): Promise<ApiCall> {
    const call = await api.next();
    assert.equal(call.query['watch'], undefined, 'expected a list, found a watch');
    return call;
  }

  /** The next request, which must be a watch from `version`. */
  async function nextWatch(version: number): Promise<ApiCall> {
    const call = await api.next();
    assert.equal(call.query['watch'], 'true', 'expected a watch, found a list');
    assert.equal(call.query['resourceVersion'], String(version));
    return call;
  }

  /** Through the first list, which holds `items`, into the watch from version 10. */
  async function watching(...items: readonly object[]): Promise<ApiCall> {
    start();
    (await nextList()).answer(200, list(10, items));
    const watch = await nextWatch(10);
    watch.open();
    return watch;
  }

  const told = (...want: readonly string[]): Promise<unknown> =>
    eventually(`told: ${want.join(', ')}; so far ${changes.join(', ')}`, () =>
      Promise.resolve(changes.join() === want.join()),
    ).catch((cause: unknown) => assert.deepEqual(changes, want, String(cause)));

  const faulty = (want: string | undefined): Promise<unknown> =>
    eventually(`fault ${want}`, () => Promise.resolve(reflector.fault === want), 3_000).catch(() =>
      assert.equal(reflector.fault, want),
    );

  it('lists in pages, then watches from the version of the list', async () => {
    start({ kind: 'Secret', namespace: 'shop', fieldSelector: 'type=kubernetes.io/tls' });
    const first = await nextList();
    assert.equal(first.path, '/api/v1/namespaces/shop/secrets');
    assert.deepEqual(first.query, { limit: '500', fieldSelector: 'type=kubernetes.io/tls' });
    first.answer(200, list(10, [object('a', 1)], 'next page'));
    const second = await nextList();
    assert.equal(second.query['continue'], 'next page');
    assert.equal(isSynced, false);
    second.answer(200, list(10, [object('b', 2)]));
    const watch = await nextWatch(10);
    assert.equal(watch.path, '/api/v1/namespaces/shop/secrets');
    assert.equal(watch.query['fieldSelector'], 'type=kubernetes.io/tls');
    assert.equal(watch.query['allowWatchBookmarks'], 'true');
    assert.ok(Number(watch.query['timeoutSeconds']) >= 300 && Number(watch.query['timeoutSeconds']) <= 601);
    assert.equal(isSynced, true);
    await told('shop/a 1', 'shop/b 2');
  });

  it('tells of what is added, modified and deleted', async () => {
    const watch = await watching();
    watch.event('ADDED', object('a', 11));
    watch.event('MODIFIED', object('a', 12));
    watch.event('DELETED', object('a', 13));
    await told('shop/a 11', 'shop/a 12', '- shop/a');
  });

  it('tells nothing twice, and nothing that is older than what it told', async () => {
    const watch = await watching(object('a', 9));
    watch.event('ADDED', object('a', 9));
    watch.event('MODIFIED', object('a', 100));
    watch.event('MODIFIED', object('a', 99));
    watch.event('DELETED', object('a', 98));
    watch.event('DELETED', object('unknown', 101));
    watch.event('ADDED', object('b', 102));
    await told('shop/a 9', 'shop/a 100', 'shop/b 102');
  });

  it('tells of an object that was made anew under the same name', async () => {
    const watch = await watching(object('a', 9));
    watch.event('MODIFIED', { metadata: { ...object('a', 9).metadata, uid: 'another' } });
    await told('shop/a 9', 'shop/a 9');
  });

  it('goes on from the last version that it saw when the server ends the watch', async () => {
    const watch = await watching();
    watch.event('ADDED', object('a', 11));
    watch.event('BOOKMARK', bookmark(50));
    await told('shop/a 11');
    clock.advance(1_000);
    watch.end();
    const again = await nextWatch(50);
    again.open();
    again.event('ADDED', object('b', 51));
    await told('shop/a 11', 'shop/b 51');
    assert.equal(telemetry.counts.get('relisted Ingress'), undefined);
    assert.deepEqual(logger.lines, []);
  });

  it('does not hammer a server that ends each watch at once', async () => {
    const watch = await watching();
    watch.end();
    await clock.scheduled(FIRST_WAIT_MS);
    assert.equal(reflector.fault, 'watch on ingresses: the API server ended it at once');
    clock.advance(FIRST_WAIT_MS);
    (await nextWatch(10)).open();
    await faulty(undefined);
  });

  describe('when its version has expired', () => {
    it('lists anew after a 410 that is the answer, and tells of what was deleted meanwhile', async () => {
      const watch = await watching(object('kept', 1), object('doomed', 2), object('changed', 3));
      watch.event('BOOKMARK', bookmark(20));
      await eventually('the bookmark', () => Promise.resolve(telemetry.counts.get('event Ingress') === 1));
      clock.advance(2_000);
      watch.end();
      (await nextWatch(20)).answer(410, status(410, 'too old resource version'));
      (await nextList()).answer(200, list(30, [object('kept', 1), object('changed', 25), object('new', 26)]));
      (await nextWatch(30)).open();
      await told(
        'shop/kept 1',
        'shop/doomed 2',
        'shop/changed 3',
        'shop/changed 25',
        'shop/new 26',
        '- shop/doomed',
      );
      assert.equal(telemetry.counts.get('relisted Ingress'), 1);
    });

    it('lists anew at once after a 410 that is an event', async () => {
      const watch = await watching(object('a', 1));
      watch.event('ERROR', status(410, 'too old resource version'));
      (await nextList()).answer(200, list(30, []));
      (await nextWatch(30)).open();
      await told('shop/a 1', '- shop/a');
    });

    it('waits before it lists a second time, and then asks for the whole list where paging expires', async () => {
      start();
      (await nextList()).answer(200, list(10, [object('gone', 1)], 'next page'));
      (await nextList()).answer(410, status(410, 'the provided continue parameter is too old'));
      const whole = await nextList();
      assert.deepEqual(whole.query, {});
      whole.answer(410, status(410, 'expired'));
      await clock.scheduled(FIRST_WAIT_MS * 2);
      clock.advance(FIRST_WAIT_MS * 2);
      (await nextList()).answer(200, list(12, [object('a', 2)]));
      (await nextWatch(12)).open();
      await told('shop/gone 1', 'shop/a 2', '- shop/gone');
      assert.equal(isSynced, true);
    });
  });

  describe('when the connection fails', () => {
    it('goes on from the last version after a cut, dropping half a line', async () => {
      const watch = await watching();
      watch.event('ADDED', object('a', 11));
      watch.write('{"type":"ADDED","object":{"metadata":{"name":"b"');
      await told('shop/a 11');
      watch.cut();
      await clock.scheduled(FIRST_WAIT_MS);
      clock.advance(FIRST_WAIT_MS);
      const again = await nextWatch(11);
      again.open();
      again.event('ADDED', object('b', 12));
      await told('shop/a 11', 'shop/b 12');
    });

    it('drops half a line at a regular end too', async () => {
      const watch = await watching();
      watch.event('ADDED', object('a', 11));
      watch.write('{"type":"ADDED","object":{"met');
      watch.end();
      (await nextWatch(11)).open();
      await told('shop/a 11');
    });

    it('reads characters and lines that are split over chunks, and many lines in one', async () => {
      const watch = await watching();
      const lines = [11, 12, 13]
        .map((version) => JSON.stringify({ type: 'MODIFIED', object: object('größe-€-😀', version) }))
        .join('\n\n');
      for (const byte of Buffer.from(`${lines}\n`)) watch.write(Uint8Array.of(byte));
      await told('shop/größe-€-😀 11', 'shop/größe-€-😀 12', 'shop/größe-€-😀 13');
    });

    it('reads an object of the largest size that a cluster keeps, in a list and in a watch', async () => {
      const large = 'x'.repeat(1_600_000);
      const watch = await watching(object('listed', 9, { data: { large } }));
      watch.event('ADDED', object('watched', 11, { data: { large } }));
      await told('shop/listed 9', 'shop/watched 11');
      assert.equal(reflector.fault, undefined);
    });

    it('gives up a connection that has been silent for 150 s', async () => {
      const watch = await watching();
      await clock.scheduled(SILENCE_MS);
      clock.advance(SILENCE_MS - 1);
      watch.event('BOOKMARK', bookmark(20));
      await clock.scheduled(SILENCE_MS);
      clock.advance(SILENCE_MS);
      await watch.closed;
      await faulty('watch on ingresses: no event for 150 s');
      await clock.scheduled(FIRST_WAIT_MS);
      clock.advance(FIRST_WAIT_MS);
      (await nextWatch(20)).open();
      await faulty(undefined);
    });

    it('keeps trying a server that is not there at the start, and says so each time', async () => {
      const { port } = api;
      await api.close();
      start({ kind: 'Ingress' }, accessTo(port));
      for (const waitMs of [800, 1_600, 3_200]) {
        await clock.scheduled(waitMs);
        clock.advance(waitMs);
      }
      await clock.scheduled(6_400);
      assert.match(reflector.fault ?? '', /^cannot reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
      assert.equal(logger.lines.filter(({ level }) => level === 'warn').length, 4);
      assert.equal(isSynced, false);
      api = await startScriptedApi(port);
      clock.advance(6_400);
      (await nextList()).answer(200, list(10, []));
      (await nextWatch(10)).open();
      await faulty(undefined);
      assert.equal(isSynced, true);
    });

    it('gives up nothing of what it knows while the server is away, and says so once', async () => {
      const watch = await watching(object('a', 1));
      const { port } = api;
      await api.close();
      for (const waitMs of [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
        await clock.scheduled(waitMs);
        clock.advance(waitMs);
      }
      await clock.scheduled(30_000);
      await watch.closed;
      assert.ok(logger.lines.filter(({ level }) => level === 'warn').length <= 2);
      api = await startScriptedApi(port);
      clock.advance(30_000);
      (await nextWatch(10)).open();
      await told('shop/a 1');
    });
  });

  describe('when the server is in trouble', () => {
    it('waits as long as Retry-After says, and no shorter than its own delay', async () => {
      start();
      (await nextList()).answer(429, status(429, 'slow down'), { 'retry-after': '7' });
      await clock.scheduled(7_000);
      clock.advance(7_000);
      (await nextList()).answer(429, status(429, 'slow down'), { 'retry-after': '0' });
      await clock.scheduled(FIRST_WAIT_MS * 2);
      clock.advance(FIRST_WAIT_MS * 2);
      (await nextList()).answer(429, status(429, 'slow down'), { 'retry-after': '86400' });
      await clock.scheduled(60_000);
      assert.equal(reflector.fault, 'cannot list ingresses: 429: slow down');
    });

    it('lists anew where a version is refused again and again, as after a restored backup', async () => {
      const tooLarge = status(504, 'Too large resource version', { retryAfterSeconds: 1 });
      start();
      (await nextList()).answer(200, list(900, [object('a', 800)]));
      for (const waitMs of [800, 1_600, 3_200, 6_400, 12_800]) {
        (await nextWatch(900)).answer(504, tooLarge);
        await clock.scheduled(waitMs);
        clock.advance(waitMs);
      }
      (await nextList()).answer(200, list(20, [object('a', 15)]));
      (await nextWatch(20)).open();
      await told('shop/a 800', 'shop/a 15');
    });

    it('says what to do about a missing right or a missing CustomResourceDefinition', async () => {
      start({ kind: 'OIDCPolicy' });
      (await nextList()).answer(404, status(404, 'the server could not find the requested resource'));
      await reflector.answered;
      await clock.scheduled(800);
      const missing =
        'cannot list oidcpolicies: 404: the API server does not serve oidcpolicies.oidc-ingress.io v1alpha1: apply the CustomResourceDefinition';
      assert.equal(reflector.fault, missing);
      clock.advance(800);
      (await nextList()).answer(403, status(403, 'forbidden'));
      await faulty(
        'cannot list oidcpolicies: 403: the ServiceAccount lacks list and watch on oidcpolicies.oidc-ingress.io',
      );
      assert.deepEqual(
        logger.lines.map(({ level, message }) => [level, message]),
        [
          ['error', 'nothing listed yet'],
          ['error', 'nothing listed yet'],
        ],
      );
      assert.equal(isSynced, false);
    });

    it('takes an answer that is no list, and an event that is none, for failures', async () => {
      start();
      (await nextList()).answer(200, { items: 'none' });
      await faulty('cannot list ingresses: the answer is no list');
      await clock.scheduled(800);
      clock.advance(800);
      (await nextList()).answer(200, list(10, []));
      const watch = await nextWatch(10);
      watch.open();
      watch.write('<html>hunter2\n');
      await faulty('a watch event is not JSON');
      await clock.scheduled(1_600);
      clock.advance(1_600);
      const again = await nextWatch(10);
      again.open();
      again.write('{"type":"ODD"}\n');
      await faulty('watch on ingresses: an event is not of the form of one');
    });
  });

  it('reads a token that rotated, and asks again at once', async () => {
    const tokens = ['old', 'new'];
    let reloads = 0;
    start(
      { kind: 'Ingress' },
      {
        ...api.access,
        authorize: () =>
          Promise.resolve({
            headers: { authorization: `Bearer ${tokens[reloads]}` },
            tls: {},
            auth: undefined,
            agent: undefined,
          }),
        reload: () => (reloads += 1),
      },
    );
    const refused = await nextList();
    assert.equal(refused.headers.authorization, 'Bearer old');
    refused.answer(401, status(401, 'Unauthorized'));
    const accepted = await nextList();
    assert.equal(accepted.headers.authorization, 'Bearer new');
    accepted.answer(200, list(10, []));
    (await nextWatch(10)).open();
    await reflector.synced;
    assert.deepEqual(logger.lines, []);
  });

  it('survives a handler that throws', async () => {
    onObject = (key) => {
      if (key === 'shop/bad') throw new Error('boom');
    };
    const watch = await watching(object('bad', 1));
    watch.event('ADDED', object('good', 11));
    await told('shop/bad 1', 'shop/good 11');
    assert.deepEqual(
      logger.lines.map(({ level, message }) => [level, message]),
      [['error', 'a change could not be handled']],
    );
  });

  it('ends when it is closed, whatever it is doing, and tells nothing more', async () => {
    const watch = await watching();
    await reflector.close();
    await watch.closed;
    start();
    (await nextList()).cut();
    await clock.scheduled(FIRST_WAIT_MS);
    await reflector.close();
    start();
    const call = await nextList();
    await reflector.close();
    await call.closed;
    assert.deepEqual(changes, []);
  });
});
