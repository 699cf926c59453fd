/** What callers do, by letter: the table that everything else here iterates over. */

import { KIBIBYTE, LARGE_ANSWER, MEDIUM_KIBIBYTES, SMALL_ANSWER } from './bodies.ts';

export interface Workload {
  readonly title: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly bodyBytes: number;
  readonly answerBytes: number;
  readonly credentials: 'basic' | 'bearer';
  readonly isTls: boolean;
  /** Otherwise connections are kept. */
  readonly closesConnections: boolean;
  /** Of processor time, × nginx. */
  readonly target: number;
}

const SMALL: Workload = {
  title: 'GET, 100 B',
  method: 'GET',
  path: '/v1/orders/4711',
  bodyBytes: 0,
  answerBytes: SMALL_ANSWER.length,
  credentials: 'basic',
  isTls: false,
  closesConnections: false,
  target: 2.5,
};

export const WORKLOADS: ReadonlyMap<string, Workload> = new Map([
  ['A', SMALL],
  [
    'B',
    {
      ...SMALL,
      title: 'POST 10 KiB, 10 KiB',
      method: 'POST',
      path: '/v1/batches',
      bodyBytes: MEDIUM_KIBIBYTES * KIBIBYTE.length,
      answerBytes: MEDIUM_KIBIBYTES * KIBIBYTE.length,
      target: 2.6,
    },
  ],
  ['C', { ...SMALL, title: 'GET, 1 MiB', path: '/v1/export', answerBytes: LARGE_ANSWER.length, target: 1.2 }],
  ['D', { ...SMALL, title: 'GET, 100 B, new connections', closesConnections: true, target: 2.4 }],
  ['E', { ...SMALL, title: 'GET, 100 B, bearer token', credentials: 'bearer' }],
  ['F', { ...SMALL, title: 'GET, 100 B, TLS', isTls: true }],
]);

export function workloadOf(letter: string): Workload {
  const workload = WORKLOADS.get(letter);
  if (workload === undefined) {
    throw new Error(`--workload: ${JSON.stringify(letter)} is none of ${[...WORKLOADS.keys()].join()}`);
  }
  return workload;
}
