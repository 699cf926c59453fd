/**
 * A caller that sends at a constant rate, whatever becomes of its requests: the time of each counts from when it was due,
 * so that a gateway that stalls is charged with all that had to wait for it. Runs in a process of its own, of `latency.ts`.
 */

import { once } from 'node:events';
import { connect } from 'node:net';

import { isWholeAnswer } from './http-text.ts';

export interface OpenLoop {
  readonly port: number;
  readonly text: string;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  /** By how much this process itself was late, with a connection free. Part of the others. */
  readonly ownP99: number;
}

/** Of the length of the run: what takes longer can no longer keep up. */
const PATIENCE = 4;

async function run({ port, text, requestsPerSecond, seconds, connections }: OpenLoop): Promise<Latencies> {
  const total = requestsPerSecond * seconds;
  const latencies = new Float64Array(total);
  const own = new Float64Array(total);
  const free: ((dueMs: number, index: number) => void)[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sent = 0;
  let answered = 0;

  async function open(): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay();
    await once(socket, 'connect');
    let [answer, due, at] = ['', 0, 0];
    const send = (dueMs: number, index: number): void => {
      [answer, due, at] = ['', dueMs, index];
      socket.write(text);
    };
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (!isWholeAnswer(answer)) return;
      latencies[at] = performance.now() - due;
      answered += 1;
      free.push(send);
    });
    for (const event of ['error', 'close']) socket.on(event, () => reject(new Error(`connection: ${event}`)));
    free.push(send);
  }

  for (let index = 0; index < connections; index += 1) await open();
  const startMs = performance.now();
  let freeSinceMs = startMs;
  const turn = (): void => {
    const nowMs = performance.now();
    while (sent < total) {
      const dueMs = startMs + (sent * 1_000) / requestsPerSecond;
      if (dueMs > nowMs) break;
      const send = free.shift();
      if (send === undefined) {
        freeSinceMs = nowMs;
        break;
      }
      own[sent] = nowMs - Math.max(dueMs, freeSinceMs);
      send(dueMs, sent);
      sent += 1;
    }
    if (answered === total) resolve();
    else if (nowMs - startMs > PATIENCE * 1_000 * seconds)
      reject(new Error(`${answered} of ${total} requests answered in ${PATIENCE} times the time`));
    // No timer is as exact as looking again at once.
    else setImmediate(turn);
  };
  turn();
  await promise;
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), ownP99: quantile(own, 0.99) };
}

function quantile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.floor(values.length * share)] ?? Number.NaN;
}

const [, , options] = process.argv;
if (options === undefined) throw new Error('no options');
const latencies = await run(JSON.parse(options) as OpenLoop);
process.send?.(latencies, () => process.exit());
