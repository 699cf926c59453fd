/** Memory for connections that stay open after their first request, from a gateway that has just started. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { loadOf, startSubject, type Bench } from '../bench.ts';
import { isWholeAnswer, requestText } from '../http-text.ts';
import { probe } from '../probe.ts';
import { residentMegabytes } from '../process-tree.ts';
import { inRounds } from '../rounds.ts';
import type { Row } from '../row.ts';
import { spreadOf } from '../statistics.ts';

const CONNECTIONS = 10_000;
const AT_ONCE = 50;
/** Until what was set in motion has come to rest. */
const SETTLE_MS = 3_000;
const TARGET_MEGABYTES = 150;
const SUBJECTS = ['nginx', 'oidc-ingress'];

export async function measureIdle(bench: Bench): Promise<readonly Row[]> {
  const rounds = bench.isFull ? 3 : 1;
  const grown = await inRounds(rounds, new Map(SUBJECTS.map((name) => [name, name])), (name) =>
    growth(bench, name),
  );
  const row = { measure: `memory for ${CONNECTIONS} idle connections`, unit: 'MB' };
  return [
    { ...row, subject: 'nginx', found: spreadOf(grown.get('nginx') ?? []) },
    {
      ...row,
      subject: 'oidc-ingress',
      found: spreadOf(grown.get('oidc-ingress') ?? []),
      target: `≤ ${TARGET_MEGABYTES} MB`,
    },
  ];
}

/** Megabytes. */
async function growth(bench: Bench, name: string): Promise<number> {
  const running = await startSubject(bench, name);
  const { workload, credentials } = loadOf(bench, 'A');
  const sockets: Socket[] = [];
  try {
    await probe(running, workload, credentials);
    const before = residentMegabytes(running.pid);
    const text = requestText(workload, credentials);
    while (sockets.length < CONNECTIONS) {
      const opened = Array.from({ length: AT_ONCE }, () => openIdle(running.port, text));
      sockets.push(...(await Promise.all(opened)));
    }
    await pause(SETTLE_MS);
    const isClosed = sockets.some((socket) => socket.destroyed || socket.readableEnded);
    if (isClosed) throw new Error(`${name} closed idle connections`);
    return residentMegabytes(running.pid) - before;
  } finally {
    for (const socket of sockets) socket.destroy();
    await running.close();
  }
}

async function openIdle(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text);
  let answer = '';
  while (!isWholeAnswer(answer)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answer += chunk.toString('latin1');
  }
  return socket;
}
