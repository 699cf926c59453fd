/** The callers of the tests of this folder: GET and POST, open and protected, over kept and new connections. */

import assert from 'node:assert/strict';

import type { Answer, Call } from '../../support/http-client.ts';
import type { Caller, LoadReport } from '../../support/steady-load.ts';
import { RIGHT } from '../../support/world.ts';

export const OPEN_HOST = 'open.example.com';
export const PROTECTED_HOST = 'orders.example.com';

/** Longer than one segment, so that a body is seldom read at once. */
const BODY = 'order '.repeat(3_000);

/** One of each kind. `port`: where a caller goes with its next request. */
export function everyCaller(port: () => number, ca?: string): readonly Caller[] {
  return ['GET', 'POST'].flatMap((method) =>
    [OPEN_HOST, PROTECTED_HOST].flatMap((host) =>
      [true, false].map((keepsConnection) => ({
        name: `${method} to ${host}, ${keepsConnection ? 'one connection' : 'new connections'}`,
        keepsConnection,
        next: () => ({
          port: port(),
          host,
          path: '/v1/orders',
          method,
          ...(method === 'POST' && { body: BODY }),
          ...(host === PROTECTED_HOST && { basic: RIGHT }),
          ...(ca !== undefined && { ca }),
        }),
        check: isWholeEcho,
      })),
    ),
  );
}

/** What was sent arrived, and with a token where one was asked for. */
function isWholeEcho(answer: Answer, { body = '', basic }: Call): string | undefined {
  const echo = answer.json();
  if (echo['body'] !== body) return 'the body did not arrive as it was sent';
  const authorization = JSON.stringify(echo['authorization'] ?? {});
  const hasToken = authorization.includes('"scheme":"Bearer"');
  return hasToken === (basic !== undefined) ? undefined : `authorization was ${authorization}`;
}

/** Not one failure, and no caller that was left waiting. */
export function assertNothingLost({ answered, failed }: LoadReport, callers: readonly Caller[]): void {
  assert.deepEqual(failed.slice(0, 5), [], `${failed.length} requests failed`);
  // The slowest callers get an answer every third of a second.
  const idle = callers.map(({ name }) => name).filter((name) => (answered.get(name) ?? 0) < 3);
  assert.deepEqual(idle, []);
}
