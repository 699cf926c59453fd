/** The status page as a document. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { html } from '../../../src/admin/page/html.ts';
import { renderPage } from '../../../src/admin/page/page.ts';
import { groupRefusals } from '../../../src/admin/page/refusals.ts';
import { describeStatus, type Status } from '../../../src/admin/status/status.ts';
import { createActivityLog } from '../../../src/control/activity-log.ts';
import type { RefusedRequest } from '../../../src/model/activity.ts';
import { emptyTable, type Route } from '../../../src/model/table.ts';
import { compileResult } from '../../support/compile-results.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOSTILE = `"><script>alert('x')</script>&`;
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;';

const REFUSAL: RefusedRequest = {
  atMs: NOW,
  reason: 'InvalidClient',
  clientId: 'client-1',
  host: 'shop.example.com',
  policy: 'shop/orders-api',
  isDryRun: false,
};

function statusOf(
  parts: { readonly routes?: number; readonly refusals?: readonly RefusedRequest[] } = {},
): Status {
  const log = createActivityLog(() => NOW);
  log.add({ requests: {}, refusals: parts.refusals ?? [] });
  const routes = Array.from({ length: parts.routes ?? 0 }, (_, index): Route => {
    const action = { kind: 'refuse', reason: 'NoEndpoints', cause: HOSTILE, policy: undefined } as const;
    const ingress = { namespace: 'shop', name: 'orders' };
    return { path: `/${index}`, pathType: 'Exact', ingress, action, options: undefined };
  });
  return describeStatus({
    version: '1.2.3',
    instance: 'pod-1',
    nowMs: NOW,
    notReadyBecause: [],
    result: compileResult({
      table: { ...emptyTable(), hosts: routes.length === 0 ? {} : { 'a.example.com': { routes } } },
    }),
    appliedAtMs: NOW,
    sourceFaults: [],
    issuerState: () => ({ status: 'True', reason: 'Ready', message: '', warnings: [] }),
    activity: log.read(),
  });
}

test('text is escaped wherever it stands, and what was made here is not escaped twice', () => {
  const inner = html`<b title="${HOSTILE}">${HOSTILE}</b>`;
  assert.equal(
    html`<p>${inner}${[1, undefined, 'a<b']}</p>`.text,
    `<p><b title="${ESCAPED}">${ESCAPED}</b>1a&lt;b</p>`,
  );
});

test('nothing that a caller or an object says can break out of the page', () => {
  const status = statusOf({ routes: 1, refusals: [{ ...REFUSAL, clientId: HOSTILE, host: HOSTILE }] });
  const page = renderPage(status, '');
  assert.ok(page.includes(ESCAPED));
  assert.ok(!page.includes('<script>alert'));
  const filtered = renderPage(status, HOSTILE);
  assert.ok(filtered.includes(`value="${ESCAPED}"`));
  assert.ok(!filtered.includes('<script>alert'));
});

test('nothing in the page is inline: no style, no handler, no script of its own', () => {
  const page = renderPage(statusOf({ routes: 3, refusals: [REFUSAL] }), '');
  assert.doesNotMatch(page, /<style|\sstyle=|\son[a-z]+=|javascript:/);
  assert.deepEqual([...page.matchAll(/<script[^>]*>/g)].map(String), [
    '<script src="/assets/status.js" defer>',
  ]);
});

test('refusals of one client for one reason are one row with their number, the newest first', () => {
  const other = { ...REFUSAL, clientId: 'client-2' };
  const groups = groupRefusals([REFUSAL, other, { ...REFUSAL, atMs: NOW - 5_000 }]);
  assert.deepEqual(
    groups.map(({ latest, times }) => [latest.clientId, latest.atMs, times]),
    [
      ['client-1', NOW, 2],
      ['client-2', NOW, 1],
    ],
  );
});

test('a table of thousands of routes is cut, and the page says so', () => {
  const page = renderPage(statusOf({ routes: 5_000 }), '');
  assert.ok(page.includes('300 of 5,000 are shown; filter to see others.'));
  assert.ok(page.length < 1_000_000, String(page.length));
});

test('the title says how things are, for those who see no more than a tab', () => {
  const status = statusOf();
  const titleOf = (changed: Partial<Status>) =>
    /<title>(.*)<\/title>/.exec(renderPage({ ...status, ...changed }, ''))?.[1];
  const problem = {
    severity: 'error',
    reason: 'InvalidHost',
    object: 'Ingress a/b',
    field: '',
    message: 'm',
  } as const;
  assert.equal(titleOf({}), 'OK · oidc-ingress pod-1');
  assert.equal(titleOf({ problems: [problem] }), '1 error · oidc-ingress pod-1');
  assert.equal(titleOf({ isReady: false, notReadyBecause: ['x'] }), 'not ready · oidc-ingress pod-1');
});

test('a part of which a filter leaves nothing does not say that there is nothing', () => {
  const page = renderPage(statusOf({ routes: 1, refusals: [REFUSAL] }), 'no such thing');
  assert.equal([...page.matchAll(/<p class="nothing">(.*?)<\/p>/g)].length, 5);
  assert.equal([...page.matchAll(/<p class="nothing">Nothing here mentions this\.<\/p>/g)].length, 5);
});

test('a gateway without a route says so at the first glance', () => {
  const headlineOf = (status: Status) => /id="headline"[^>]*>([^<]*)</.exec(renderPage(status, ''))?.[1];
  assert.equal(headlineOf(statusOf()), 'Ready. There is no route to serve yet.');
  assert.equal(headlineOf(statusOf({ routes: 1 })), 'Ready. Nothing needs attention.');
});
