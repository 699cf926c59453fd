/** Everything that can be measured, by name. */

import { fork } from 'node:child_process';
import { once } from 'node:events';

import { startServe } from './gateway.ts';
import { startHaproxy } from './haproxy.ts';
import { startPassThrough } from './nginx.ts';
import { end, endWithBench, pidOf, type Running } from './running.ts';
import type { Surroundings } from './surroundings.ts';

export interface Subject {
  readonly title: string;
  /** What must be installed. */
  readonly program?: string;
  /** The subject that it is compared with. */
  readonly base: string;
  /** Letters of the workloads that it does as the others do. */
  readonly workloads: string;
  /** Letters of those that a quick run has it do. */
  readonly quick: string;
  /** Its first requests cost more than those that are measured. */
  readonly compilesAsItRuns: boolean;
  start(surroundings: Surroundings & { readonly main: string | undefined }): Promise<Running>;
}

const ALL = 'ABCDEF';
const HTTP_PROXY_3 = 'http-proxy-3.ts';

export const SUBJECTS: ReadonlyMap<string, Subject> = new Map<string, Subject>([
  ['nginx', { ...passThrough(true), title: 'nginx, access log', quick: ALL }],
  ['haproxy', { ...haproxy(), title: 'HAProxy, HTTP log' }],
  ['http-proxy-3', node('http-proxy-3, no log', HTTP_PROXY_3, { mode: 'keep-alive' })],
  [
    'http-proxy-3-new',
    node('http-proxy-3 without agent, no log', HTTP_PROXY_3, { mode: 'as-it-comes', quick: '' }),
  ],
  // It answers 100 B to everything.
  ['node-http', node('node:http without upstream, no log', 'node-http.ts', { workloads: 'ADE' })],
  ['oidc-ingress', { ...gateway('all'), title: 'oidc-ingress, as it comes', quick: ALL }],
  ['nginx-quiet', { ...passThrough(false), title: 'nginx, no log', quick: 'A' }],
  ['oidc-ingress-quiet', { ...gateway('off'), title: 'oidc-ingress, no access log', quick: 'A' }],
]);

function passThrough(hasAccessLog: boolean): Omit<Subject, 'title' | 'quick'> {
  return {
    program: 'nginx',
    base: hasAccessLog ? 'nginx' : 'nginx-quiet',
    workloads: ALL,
    compilesAsItRuns: false,
    start: (surroundings) => startPassThrough({ ...surroundings, hasAccessLog }),
  };
}

function haproxy(): Omit<Subject, 'title'> {
  return {
    program: 'haproxy',
    base: 'nginx',
    workloads: ALL,
    quick: 'A',
    compilesAsItRuns: false,
    start: (surroundings) => startHaproxy(surroundings),
  };
}

function gateway(accessLog: 'all' | 'off'): Omit<Subject, 'title' | 'quick'> {
  return {
    base: accessLog === 'all' ? 'nginx' : 'nginx-quiet',
    workloads: ALL,
    compilesAsItRuns: true,
    start: (surroundings) => startServe({ ...surroundings, accessLog }),
  };
}

interface NodeOptions {
  readonly mode?: string;
  readonly workloads?: string;
  readonly quick?: string;
}

/** A module of `subjects/`, which do not speak TLS. */
function node(title: string, file: string, options: NodeOptions): Subject {
  const { mode = '', workloads = 'ABCDE', quick = 'A' } = options;
  return {
    title,
    base: 'nginx',
    workloads,
    quick,
    compilesAsItRuns: true,
    async start({ upstreamPort }) {
      const child = fork(new URL(`subjects/${file}`, import.meta.url), [String(upstreamPort), mode], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      endWithBench(child);
      const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
      return { port, pid: pidOf(child), close: () => end(child) };
    },
  };
}
