/** Everything that can be measured, by name. */

import { fork } from 'node:child_process';
import { once } from 'node:events';

import type { TestKeyPair } from '../test/support/key-pair.ts';
import { startServe } from './gateway.ts';
import { startHaproxy } from './haproxy.ts';
import { startPassThrough } from './nginx.ts';
import { end, pidOf, type Running } from './running.ts';

export interface Surroundings {
  readonly issuer: string;
  readonly upstreamPort: number;
  readonly keyPair: TestKeyPair;
}

export interface Subject {
  readonly title: string;
  /** What must be installed. */
  readonly program?: string;
  /** The subject that it is compared with. */
  readonly base: string;
  /** Letters of workloads that it is left out of: it would not do the same. */
  readonly unfit?: string;
  readonly warmUpSeconds: number;
  start(surroundings: Surroundings): Promise<Running>;
}

/** Native code is as fast at once; only its connections have to be there. */
const NATIVE = { warmUpSeconds: 1 } as const;
/** Until the compilers of V8 have nothing left to do: their work is no cost of a request. */
const JAVASCRIPT = { warmUpSeconds: 10 } as const;

export const SUBJECTS: ReadonlyMap<string, Subject> = new Map<string, Subject>([
  ['nginx', { ...passThrough(true), title: 'nginx, pass-through, access log' }],
  ['haproxy', { ...haproxy(true), title: 'HAProxy, pass-through, HTTP log' }],
  ['http-proxy-3', node('http-proxy-3, pass-through, no log', 'http-proxy-3.ts', 'keep-alive')],
  ['http-proxy-3-new', node('http-proxy-3 without agent, no log', 'http-proxy-3.ts', 'as-it-comes')],
  ['node-http', { ...node('bare node:http, no upstream, no log', 'node-http.ts', ''), unfit: 'BC' }],
  ['oidc-ingress', { ...gateway('all'), title: 'oidc-ingress, defaults' }],
  ['nginx-quiet', { ...passThrough(false), title: 'nginx, no access log' }],
  ['oidc-ingress-quiet', { ...gateway('off'), title: 'oidc-ingress, no access log', base: 'nginx-quiet' }],
]);

function passThrough(hasAccessLog: boolean): Omit<Subject, 'title'> {
  return {
    ...NATIVE,
    program: 'nginx',
    base: hasAccessLog ? 'nginx' : 'nginx-quiet',
    start: (surroundings) => startPassThrough({ ...surroundings, hasAccessLog }),
  };
}

function haproxy(hasAccessLog: boolean): Omit<Subject, 'title'> {
  return {
    ...NATIVE,
    program: 'haproxy',
    base: 'nginx',
    start: (surroundings) => startHaproxy({ ...surroundings, hasAccessLog }),
  };
}

function gateway(accessLog: 'all' | 'off'): Omit<Subject, 'title'> {
  return {
    ...JAVASCRIPT,
    base: 'nginx',
    start: (surroundings) => startServe({ ...surroundings, accessLog }),
  };
}

function node(title: string, file: string, mode: string): Subject {
  return {
    ...JAVASCRIPT,
    title,
    base: 'nginx',
    unfit: 'F',
    async start({ upstreamPort }) {
      const child = fork(new URL(`subjects/${file}`, import.meta.url), [String(upstreamPort), mode], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
      return { port, pid: pidOf(child), close: () => end(child) };
    },
  };
}
