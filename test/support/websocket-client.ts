/** Talks by WebSocket: each call is a message, its answer the next one; a peer that goes away is called anew. */

import { once } from 'node:events';

import { WebSocket } from 'ws';

import type { Answer, Call, Client } from './http-client.ts';

const GOING_AWAY = 1001;
const NORMAL = 1000;
const DEADLINE_MS = 30_000;

export interface WebSocketClient extends Client {
  /** How many WebSockets it has had. */
  readonly opened: number;
}

export function webSocketClient(keepsConnection: boolean): WebSocketClient {
  let kept: WebSocket | undefined;
  let opened = 0;

  async function socketFor(options: Call): Promise<WebSocket> {
    if (kept?.readyState === WebSocket.OPEN) return kept;
    opened += 1;
    const socket = await open(options);
    kept = keepsConnection ? socket : undefined;
    return socket;
  }

  return {
    get opened() {
      return opened;
    },
    async call(options) {
      for (;;) {
        const socket = await socketFor(options);
        const answer = await roundTrip(socket, options.body ?? '');
        if (!keepsConnection) socket.close(NORMAL);
        if (answer !== undefined) return answer;
      }
    },
    close() {
      kept?.close(NORMAL);
    },
  };
}

async function open({ port, host = 'localhost', basic, ca, serverName }: Call): Promise<WebSocket> {
  const isTls = ca !== undefined || serverName !== undefined;
  const options = {
    headers: {
      host,
      ...(basic !== undefined && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    },
    servername: host,
    handshakeTimeout: DEADLINE_MS,
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
  };
  const socket = new WebSocket(`${isTls ? 'wss' : 'ws'}://127.0.0.1:${port}/ws`, options);
  await once(socket, 'open');
  socket.on('error', () => {});
  return socket;
}

/** `undefined`: the peer went away instead, and said so. */
async function roundTrip(socket: WebSocket, message: string): Promise<Answer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
  const onMessage = (data: Buffer): void => resolve(answerOf(data.toString()));
  const onClose = (code: number): void => {
    if (code === GOING_AWAY) resolve(undefined);
    else reject(new Error(`the WebSocket was closed with ${code}`));
  };
  const timer = setTimeout(() => reject(new Error(`no message within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  socket.once('message', onMessage).once('close', onClose);
  socket.send(message);
  return await promise.finally(() => {
    clearTimeout(timer);
    socket.off('message', onMessage).off('close', onClose);
  });
}

function answerOf(text: string): Answer {
  return { status: 200, headers: {}, text, json: () => JSON.parse(text) as Record<string, unknown> };
}
