/** Requests to the API server: what is sent, and what becomes of answers that never come. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createKubeHttp, Unreachable, type KubeHttp } from '../../../src/kube/http.ts';
import { startScriptedApi, type ScriptedApi } from '../../support/scripted-api.ts';

describe('requests to the API server', () => {
  let api: ScriptedApi;
  let http: KubeHttp;

  beforeEach(async () => {
    api = await startScriptedApi();
    http = createKubeHttp(api.access);
  });
  afterEach(async () => {
    http.close();
    await api.close();
  });

  const get = { method: 'GET', path: '/api/v1/pods', timeoutMs: 5_000 } as const;

  it('carry query, body and the type of it', async () => {
    const answer = http.request({
      ...get,
      method: 'POST',
      query: { fieldSelector: 'metadata.name=a,type!=b/c' },
      body: { text: 'größe' },
    });
    const call = await api.next();
    assert.deepEqual(call.query, { fieldSelector: 'metadata.name=a,type!=b/c' });
    assert.equal(call.headers['content-type'], 'application/json');
    assert.equal(call.body, '{"text":"größe"}');
    call.answer(201, { ok: true });
    const { status, body } = await answer;
    assert.deepEqual([status, body], [201, { ok: true }]);
  });

  it('go to a server under a path of its own', async () => {
    const under = createKubeHttp({ ...api.access, server: new URL('/k8s/clusters/c-1/', api.access.server) });
    const answer = under.request(get);
    const call = await api.next();
    assert.equal(call.path, '/k8s/clusters/c-1/api/v1/pods');
    call.answer(200, {});
    await answer;
    under.close();
  });

  it('give the text of an answer that is not JSON', async () => {
    const answer = http.request(get);
    const call = await api.next();
    call.open();
    call.write('upstream is down');
    call.end();
    assert.equal((await answer).body, 'upstream is down');
  });

  it('fail after their deadline', async () => {
    const want = { name: 'Unreachable', message: /^cannot reach .*: no answer in time$/ };
    const failed = assert.rejects(http.request({ ...get, timeoutMs: 1_000 }), want);
    const call = await api.next();
    await failed;
    await call.closed;
  });

  it('fail after their deadline where an answer begins and stays half, as over a dead connection', async () => {
    const failed = assert.rejects(http.request({ ...get, timeoutMs: 1_000 }));
    const call = await api.next();
    call.open();
    call.write('{"kind":');
    await failed;
    await call.closed;
  });

  it('fail where an answer is cut off', async () => {
    const answer = http.request(get);
    const call = await api.next();
    call.open();
    call.write('{"kind":');
    call.cut();
    await assert.rejects(answer, /aborted|socket hang up/);
  });

  it('fail at once where nobody listens', async () => {
    await api.close();
    await assert.rejects(http.request(get), Unreachable);
    api = await startScriptedApi();
  });

  it('ask twice and no more where the credentials are refused', async () => {
    const answer = http.request(get);
    (await api.next()).answer(401, {});
    (await api.next()).answer(401, {});
    assert.equal((await answer).status, 401);
  });

  it('follow no redirect', async () => {
    const answer = http.request(get);
    (await api.next()).answer(302, {}, { location: 'http://127.0.0.1:1/' });
    assert.equal((await answer).status, 302);
  });

  it('give a stream that outlives its deadline', async () => {
    const opening = http.stream({ ...get, timeoutMs: 200 });
    const call = await api.next();
    call.open();
    const stream = await opening;
    assert.ok(stream.kind === 'stream');
    await once(AbortSignal.timeout(300), 'abort');
    call.write('late');
    call.end();
    assert.equal(await text(stream.chunks), 'late');
  });

  it('give the answer where a stream is refused', async () => {
    const opening = http.stream(get);
    (await api.next()).answer(410, { message: 'too old' }, { 'retry-after': '3' });
    assert.deepEqual(await opening, {
      kind: 'answer',
      status: 410,
      body: { message: 'too old' },
      retryAfterMs: 3_000,
    });
  });

  it('ask for leave when the connection is open, and send nothing without', async () => {
    let asked = 0;
    const allowed = http.request({ ...get, mayStart: () => (asked += 1) > 0 });
    (await api.next()).answer(200, {});
    assert.equal((await allowed).status, 200);
    assert.equal(asked, 1);
    // Over the connection that stands now, too.
    await assert.rejects(http.request({ ...get, mayStart: () => false }), /not sent: the right to has ended/);
    assert.equal(api.untaken.length, 0);
  });
});
