/** What the API server is asked about a token, and which of its answers count. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createAccessReviewer, type AccessReviewer } from '../../../src/kube/access-review.ts';
import { Redacted } from '../../../src/model/redacted.ts';
import { accessTo, startScriptedApi, type ScriptedApi } from '../../support/scripted-api.ts';

const TOKEN = 'marked.token.0123456789';
const CALL = { path: '/v1/tokens', verb: 'delete' } as const;
const USER = {
  username: 'system:serviceaccount:ops:rotation',
  uid: 'u-1',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/pod-name': ['rotation-1'] },
};
const KNOWN = { status: { authenticated: true, audiences: ['oidc-ingress'], user: USER } };

describe('the review of a token', () => {
  let api: ScriptedApi;
  let reviewer: AccessReviewer;

  beforeEach(async () => {
    api = await startScriptedApi();
    reviewer = createAccessReviewer(api.access, 'oidc-ingress');
  });
  afterEach(async () => {
    reviewer.close();
    await api.close();
  });

  const review = () => reviewer.review(new Redacted(TOKEN), CALL);

  it('asks for our audience whose it is, then whether that user may make the call', async () => {
    const verdict = review();
    const first = await api.next();
    assert.equal(first.path, '/apis/authentication.k8s.io/v1/tokenreviews');
    assert.deepEqual(JSON.parse(first.body), {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: TOKEN, audiences: ['oidc-ingress'] },
    });
    first.answer(201, KNOWN);
    const second = await api.next();
    assert.equal(second.path, '/apis/authorization.k8s.io/v1/subjectaccessreviews');
    const { username: user, ...rest } = USER;
    assert.deepEqual(JSON.parse(second.body), {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, ...rest, nonResourceAttributes: CALL },
    });
    second.answer(201, { status: { allowed: true } });
    assert.deepEqual(await verdict, { kind: 'allowed', user });
  });

  const NOBODY = [
    { name: 'is not authenticated', status: { authenticated: false, user: {}, error: TOKEN } },
    {
      name: 'is authenticated by someone who knows no audiences',
      status: { authenticated: true, user: USER },
    },
    {
      name: 'is for another audience',
      status: { authenticated: true, audiences: ['https://kubernetes.default.svc'], user: USER },
    },
    { name: 'has no user', status: { authenticated: true, audiences: ['oidc-ingress'] } },
    { name: 'has a user without a name', status: { ...KNOWN.status, user: {} } },
  ] as const;
  for (const { name, status } of NOBODY) {
    it(`knows nobody where the token ${name}, and asks no further`, async () => {
      const verdict = review();
      (await api.next()).answer(201, { status });
      assert.deepEqual(await verdict, { kind: 'unknown' });
      assert.deepEqual(api.untaken, []);
    });
  }

  it('knows nobody where the token is no JWT, and does not show it to the API server', async () => {
    const verdict = await reviewer.review(new Redacted('operator-token-0123456789'), CALL);
    assert.deepEqual([verdict, api.untaken], [{ kind: 'unknown' }, []]);
  });

  const FORBIDDING = [
    { name: 'does not allow', status: { allowed: false } },
    { name: 'allows and denies', status: { allowed: true, denied: true } },
  ] as const;
  for (const { name, status } of FORBIDDING) {
    it(`forbids what the API server ${name}`, async () => {
      const verdict = review();
      (await api.next()).answer(201, KNOWN);
      (await api.next()).answer(201, { status });
      assert.deepEqual(await verdict, { kind: 'forbidden', user: USER.username });
    });
  }

  it('is asked anew each time', async () => {
    for (const [allowed, kind] of [
      [true, 'allowed'],
      [false, 'forbidden'],
    ] as const) {
      const verdict = review();
      (await api.next()).answer(201, KNOWN);
      (await api.next()).answer(201, { status: { allowed } });
      assert.equal((await verdict).kind, kind);
    }
  });

  const BROKEN = [
    {
      name: 'lacks the right to ask',
      answer: [403, { message: 'tokenreviews.authentication.k8s.io is forbidden' }],
      cause: 'cannot create a TokenReview: 403: tokenreviews.authentication.k8s.io is forbidden',
    },
    {
      name: 'gets an error that quotes what was asked',
      answer: [500, { message: `cannot authenticate ${TOKEN}` }],
      cause: 'cannot create a TokenReview: 500',
    },
    {
      name: 'gets something else',
      answer: [201, { status: { authenticated: 'yes' } }],
      cause: 'cannot create a TokenReview: the answer is not of the form of one',
    },
  ] as const;
  for (const { name, answer, cause } of BROKEN) {
    it(`is unavailable where the gateway ${name}`, async () => {
      const verdict = review();
      const [status, body] = answer;
      (await api.next()).answer(status, body);
      assert.deepEqual(await verdict, { kind: 'unavailable', cause });
    });
  }

  it('is unavailable where nobody listens', async () => {
    const { port } = api;
    await api.close();
    const alone = createAccessReviewer(accessTo(port), 'oidc-ingress');
    const verdict = await alone.review(new Redacted(TOKEN), CALL);
    assert.ok(verdict.kind === 'unavailable');
    assert.match(verdict.cause, /^cannot reach /);
    alone.close();
    api = await startScriptedApi(port);
  });

  it('is made for four calls at a time, and not for a fifth', async () => {
    const four = Array.from({ length: 4 }, review);
    const calls = [await api.next(), await api.next(), await api.next(), await api.next()];
    assert.deepEqual(await review(), {
      kind: 'unavailable',
      cause: 'too many tokens are under review',
    });
    for (const call of calls) call.answer(201, { status: { authenticated: false } });
    assert.deepEqual(
      (await Promise.all(four)).map(({ kind }) => kind),
      Array.from({ length: 4 }, () => 'unknown'),
    );
    const next = review();
    (await api.next()).answer(201, { status: { authenticated: false } });
    assert.equal((await next).kind, 'unknown');
  });
});
