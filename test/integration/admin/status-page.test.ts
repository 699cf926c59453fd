/** The status page in a real browser, in front of a real gateway: what it says, that it follows, how it can be used. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import type { Status } from '../../../src/admin/status/status.ts';
import { findChromium, startBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { call } from '../../support/http-client.ts';
import { faultsOf } from '../../support/page-faults.ts';
import { skipWithout } from '../../support/tools.ts';
import {
  AUDIENCE,
  CLIENT,
  RIGHT,
  WRONG,
  ingress,
  policy,
  startWorld,
  surroundings,
  type Places,
  type World,
} from '../../support/world.ts';
import { createKeyPair, tlsSecretOf } from '../../support/key-pair.ts';

const PARAMETER = 'MARK-parameter-value';
const HEADER = 'MARK-header-value';
const KEY_PAIR = createKeyPair('secure.example.com');
const SECURE = ingressWithTls('secure.example.com', 'secure-tls');

const chromium = findChromium();
const skip = skipWithout(chromium);

function manifests({ issuer, upstreamPort }: Places): string {
  const provider = `provider: { issuer: "${issuer}" }`;
  return (
    surroundings(upstreamPort) +
    policy(
      'main',
      `{ ${provider}, clientCredentials: { audience: "${AUDIENCE}",
         parameters: [{ name: vendor, value: "${PARAMETER}" }], headers: [{ name: X-Vendor, value: "${HEADER}" }] } }`,
    ) +
    policy('tried', `{ ${provider}, mode: DryRun, clientCredentials: { audience: "${AUDIENCE}" } }`) +
    policy('dead', '{ provider: { issuer: "http://127.0.0.1:9/" }, clientCredentials: { audience: "x" } }') +
    ingress('orders.example.com', 'main') +
    ingress('tried.example.com', 'tried') +
    ingress('dead.example.com', 'dead') +
    ingress('missing.example.com', 'no-such-policy') +
    ingress('open.example.com') +
    `---\n${JSON.stringify(tlsSecretOf('secure-tls', KEY_PAIR))}\n---\n${JSON.stringify(SECURE)}\n`
  );
}

function ingressWithTls(host: string, secretName: string) {
  const backend = { service: { name: 'orders', port: { name: 'http' } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'secure', namespace: 'shop', annotations: { 'oidc-ingress.io/policy': 'main' } },
    spec: {
      ingressClassName: 'oidc-ingress',
      tls: [{ hosts: [host], secretName }],
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

describe('the status page', { skip }, () => {
  let world: World;
  let browser: Browser;
  let places: Places;
  const complaints: string[] = [];

  before(async () => {
    world = await startWorld({
      manifests: (given) => {
        places = given;
        return manifests(given);
      },
    });
    browser = await startBrowser(chromium.kind === 'binary' ? chromium.path : '');
    for (let count = 0; count < 5; count++) await world.call({ host: 'orders.example.com', basic: RIGHT });
    for (let count = 0; count < 3; count++) await world.call({ host: 'orders.example.com', basic: WRONG });
    await world.call({ host: 'tried.example.com', basic: WRONG });
    await world.call({ host: 'dead.example.com', basic: RIGHT });
    await eventually('all of it reported', async () => {
      const { activity, problems } = await readStatus();
      return activity.refusals.length === 5 && problems.some(({ reason }) => reason === 'DiscoveryFailed');
    });
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  async function readStatus(): Promise<Status> {
    const answer = await call({ port: world.gateway.ports.admin, path: '/v1/status' });
    return answer.json() as unknown as Status;
  }

  /** Fails where the browser complains about anything: a blocked style or script, a missing file, an exception. */
  async function withPage(
    use: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
    path = '/',
  ): Promise<void> {
    const page = await browser.newPage(options);
    complaints.length = 0;
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    try {
      await page.goto(`http://127.0.0.1:${world.gateway.ports.admin}${path}`);
      await use(page);
      assert.deepEqual(complaints, []);
    } finally {
      await page.close();
    }
  }

  const textOf = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();

  test('says what the API says: problems, hosts, policies, refusals, certificates', async () => {
    const status = await readStatus();
    assert.ok(status.problems.length >= 2 && status.hosts.length === 6 && status.policies.length === 3);
    await withPage(async (page) => {
      const problems = await page.locator('#problems li').allInnerTexts();
      assert.equal(problems.length, status.problems.length);
      for (const [index, { severity, object, reason, message }] of status.problems.entries()) {
        const shown = problems[index] ?? '';
        for (const words of [severity, object, reason, message]) assert.ok(shown.includes(words), shown);
      }
      const groups = await page.locator('#routes tr.group').allInnerTexts();
      assert.deepEqual(
        groups,
        status.hosts.map(({ host }) => host),
      );
      const policies = await page.locator('#policies tbody tr').allInnerTexts();
      for (const [index, { policy, issuer }] of status.policies.entries()) {
        const shown = policies[index] ?? '';
        assert.ok(shown.includes(policy) && shown.includes(issuer ?? ''), shown);
      }
      const refusals = await page.locator('#refusals tbody tr').allInnerTexts();
      assert.equal(refusals.length, 3);
      const wrong = refusals.find((row) => row.includes('orders.example.com')) ?? '';
      assert.match(wrong, /401[\s\S]*InvalidClient[\s\S]*partner-batch[\s\S]*shop\/main[\s\S]*\b3\b/);
      assert.match(refusals.find((row) => row.includes('tried.example.com')) ?? '', /dry run/);
      const [certificate] = status.certificates;
      assert.ok((await textOf(page, '#certificates')).includes(certificate?.notAfter.slice(0, 10) ?? 'none'));
      assert.match(await textOf(page, '#traffic'), /6 passed on[\s\S]*3 refused[\s\S]*1 failed/);
    });
  });

  test('follows a change of the manifests without being loaded anew, and keeps focus and what was typed', async () => {
    await withPage(async (page) => {
      await page.evaluate("document.body.dataset['loaded'] = 'once'");
      const link = page.locator('#routes a.explain').first();
      const explained = await link.getAttribute('href');
      await link.focus();
      world.write(manifests(places) + ingress('new.example.com', 'main'));
      const group = page.locator('#routes tr.group', { hasText: 'new.example.com' });
      await group.waitFor({ timeout: 15_000 });
      assert.equal(await page.evaluate('document.activeElement.getAttribute("href")'), explained);
      world.write(manifests(places));
      await group.waitFor({ state: 'detached', timeout: 15_000 });
      assert.equal(await page.evaluate("document.body.dataset['loaded']"), 'once');
    });
  });

  test('stays as it is while it is paused', async () => {
    await withPage(async (page) => {
      const pause = page.getByRole('button', { name: 'Pause' });
      await pause.click();
      assert.equal(await pause.getAttribute('aria-pressed'), 'true');
      const asOf = await textOf(page, '#as-of');
      let questions = 0;
      page.on('request', () => questions++);
      await world.call({ host: 'orders.example.com' });
      await eventually('the refusal is reported', async () =>
        (await readStatus()).activity.refusals.some(({ reason }) => reason === 'MissingCredentials'),
      );
      assert.deepEqual([await textOf(page, '#as-of'), questions], [asOf, 0]);
      assert.equal(await page.getByText('MissingCredentials').count(), 0);
      await pause.click();
      await page.getByText('MissingCredentials').waitFor({ timeout: 10_000 });
    });
  });

  test('narrows down to what is typed, and the address keeps it', async () => {
    await withPage(async (page) => {
      await page.getByRole('searchbox', { name: 'Filter' }).fill('tried');
      await page
        .locator('#routes tr.group', { hasText: 'orders.example.com' })
        .waitFor({ state: 'detached' });
      assert.deepEqual(await page.locator('#routes tr.group').allInnerTexts(), ['tried.example.com']);
      assert.match(page.url(), /\?q=tried$/);
      await page.reload();
      assert.deepEqual(await page.locator('#routes tr.group').allInnerTexts(), ['tried.example.com']);
      assert.equal(await page.getByRole('searchbox').inputValue(), 'tried');
    });
  });

  test('works without script: everything is there, and the filter is a form', async () => {
    await withPage(
      async (page) => {
        assert.equal(await page.locator('#routes tr.group').count(), 6);
        assert.equal(await page.getByRole('link', { name: 'Reload' }).isVisible(), true);
        assert.equal(await page.locator('#pause').isVisible(), false);
        await page.getByRole('searchbox').fill('tried');
        await page.getByRole('button', { name: 'Apply' }).click();
        await page.waitForURL(/\?q=tried$/);
        assert.deepEqual(await page.locator('#routes tr.group').allInnerTexts(), ['tried.example.com']);
      },
      { javaScriptEnabled: false },
    );
  });

  test('can be used with the keyboard alone: skip link, every control in order, each with a visible focus', async () => {
    await withPage(async (page) => {
      const focused = (): Promise<string> =>
        page.evaluate(
          `(() => { const { activeElement: e } = document; const { outlineStyle, outlineWidth } = getComputedStyle(e);
            return [e.innerText.trim().split('\\n')[0] || e.id, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2].join(' '); })()`,
        );
      const order: string[] = [];
      for (let count = 0; count < 9; count++) {
        await page.keyboard.press('Tab');
        order.push(await focused());
      }
      assert.deepEqual(order.slice(0, 3), ['Skip to the content true', 'Pause true', 'filter true']);
      assert.ok(
        order.every((entry) => entry.endsWith(' true')),
        order.join(', '),
      );
      await page.keyboard.press('Enter');
      assert.match(page.url(), /#certificates$/);
      await page.reload();
      await page.goto(page.url().replace(/#.*/, ''));
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      assert.match(page.url(), /#main$/);
    });
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`has names, headings and contrast as people need them, in ${colorScheme}`, async () => {
      await withPage(
        async (page) => {
          assert.deepEqual(await faultsOf(page), []);
          const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
          assert.equal(ground, colorScheme === 'dark' ? 'rgb(15, 19, 26)' : 'rgb(244, 246, 249)');
        },
        { colorScheme },
      );
    });
  }

  for (const width of [320, 390, 768, 1_280]) {
    test(`fits a screen of ${width} pixels without scrolling sideways`, async () => {
      await withPage(
        async (page) => {
          const [scrollWidth, cut] = await page.evaluate<[number, string[]]>(
            `[document.documentElement.scrollWidth, [...document.querySelectorAll('td > div, th > div, h2, .tiles a')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.innerText)]`,
          );
          assert.equal(scrollWidth, width);
          assert.deepEqual(cut, []);
        },
        { viewport: { width, height: 800 } },
      );
    });
  }

  test('loads nothing from elsewhere, and its policy forbids it', async () => {
    const origins = new Set<string>();
    const page = await browser.newPage();
    page.on('request', (request) => origins.add(new URL(request.url()).origin));
    const answer = await page.goto(`http://127.0.0.1:${world.gateway.ports.admin}/`);
    assert.deepEqual([...origins], [`http://127.0.0.1:${world.gateway.ports.admin}`]);
    assert.equal(
      answer?.headers()['content-security-policy'],
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    await page.evaluate(
      `{ const script = document.createElement('script'); script.textContent = 'document.body.dataset.ran = 1'; document.body.append(script); }`,
    );
    assert.equal(await page.evaluate('document.body.dataset.ran'), undefined);
    await page.close();
  });

  test('says that it is stale when the gateway does not answer, and recovers', async () => {
    const page = await browser.newPage();
    const address = `http://127.0.0.1:${world.gateway.ports.admin}/`;
    await page.goto(address);
    await page.route(address, (route) => route.abort());
    await page.getByText(/^No answer since \d\d:\d\d:\d\d UTC$/).waitFor({ timeout: 10_000 });
    await page.unroute(address);
    await page.getByText(/^As of/).waitFor({ timeout: 10_000 });
    await page.close();
  });

  test('holds nothing secret: no client secret, token, key, or value of a parameter', async () => {
    await withPage(async (page) => {
      const { text } = await call({ port: world.gateway.ports.admin, path: '/v1/status' });
      const secrets = [CLIENT.secret, 'wrong-S3cret', PARAMETER, HEADER, 'BEGIN', 'eyJ'];
      const forms = secrets.flatMap((secret) => [
        secret,
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        encodeURIComponent(secret),
      ]);
      for (const place of [await page.content(), text]) {
        assert.ok(place.includes(CLIENT.id));
        for (const form of forms) assert.ok(!place.includes(form), form);
      }
    });
  });
});
