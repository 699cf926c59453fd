/** A proxy thread that ends under load: what it held fails, and nothing else. */

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';

import { eventually } from '../../support/eventually.ts';
import { call, type Answer } from '../../support/http-client.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import { loadDuring, type Caller } from '../../support/steady-load.ts';
import { ingress, protectedBy, specFor, startWorld, surroundings, type World } from '../../support/world.ts';
import { http1Callers, OPEN_HOST, PROTECTED_HOST } from './callers.ts';

/** More than one connection in each thread, whatever the kernel deals out. */
const KEPT = 16;
const PRELOAD = new URL('../../support/die-on-signal.ts', import.meta.url).href;

let world: World;

before(async () => {
  world = await startWorld({
    manifests: ({ issuer, upstreamPort }) => {
      const objects = [ingress(OPEN_HOST), protectedBy('orders-api', specFor(issuer), PROTECTED_HOST)];
      return surroundings(upstreamPort) + objects.join('\n');
    },
    flags: ['--access-log=errors'],
    environment: { NODE_OPTIONS: `--import=${PRELOAD}` },
  });
});
after(() => world?.close());

it('takes only the requests that it held with it, and another takes its place', async () => {
  /** Threads that answered, by caller, in their order. */
  const threads = new Map<string, string[]>();
  const note = (caller: string, answer: Answer): undefined => {
    const seen = threads.get(caller) ?? [];
    const thread = threadOf(answer);
    if (seen.at(-1) !== thread) threads.set(caller, [...seen, thread]);
  };
  const callers = [
    ...http1Callers({ http: () => world.gateway.ports.http, https: () => world.gateway.ports.https }),
    ...Array.from({ length: KEPT }, (_, index) => keptCaller(`kept ${index}`)),
  ].map((caller): Caller =>
    Object.assign({}, caller, { check: (answer: Answer) => note(caller.name, answer) }),
  );
  let killedMs = 0;
  let endedMs = 0;
  const { failed } = await loadDuring(callers, async () => {
    await eventually('each caller is served', async () => threads.size === callers.length);
    killedMs = performance.now();
    world.gateway.process.kill('SIGUSR2');
    await world.gateway.line((line) => line.includes('proxy thread ended'));
    endedMs = performance.now();
    await eventually('a third thread answers', async () => new Set([...threads.values()].flat()).size === 3);
  });

  // Until it is closed, the kernel hands new connections to the listener of a thread that has stopped.
  assert.deepEqual(
    failed.filter((failure) => failure.endedMs < killedMs || failure.startedMs > endedMs),
    [],
  );
  const broken = /^Error: (?:socket hang up|(?:connect|read|write) (?:ECONNRESET|EPIPE))/;
  assert.deepEqual(
    failed.filter(({ why }) => !broken.test(why)),
    [],
    'a caller of a thread that ends sees its connection break, and no answer',
  );
  for (const { caller } of failed) {
    const [first, ...others] = threads.get(caller) ?? [];
    const isKept = callers.some(({ name, keepsConnection }) => name === caller && keepsConnection);
    assert.ok(!isKept || others.length > 0, `${caller} lost a request of thread ${first}, which lives`);
  }
  const { text } = await call({ port: world.gateway.ports.admin, path: '/metrics' });
  assert.equal(seriesOf(text).get('oidc_ingress_proxy_threads_replaced_total'), 1);
});

function keptCaller(name: string): Caller {
  const next = () => ({ port: world.gateway.ports.http, host: OPEN_HOST });
  return { name, keepsConnection: true, next };
}

/** Request IDs begin with a word of the thread. */
function threadOf(answer: Answer): string {
  const { headers } = answer.json() as { readonly headers?: Readonly<Record<string, string>> };
  return headers?.['x-request-id']?.split('.')[0] ?? '';
}
