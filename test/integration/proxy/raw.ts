/** Callers and upstreams as bytes on sockets: what a well-behaved library would never send. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const DEADLINE_MS = 10_000;

/** A caller's connection. */
export class RawCaller {
  readonly socket: Socket;
  #text = '';
  #isClosed = false;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Everything received so far, latin1. */
  get text(): string {
    return this.#text;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Waits until what was received satisfies `isWanted`. @returns it. */
  async until(isWanted: (text: string) => boolean): Promise<string> {
    await this.#wait(() => isWanted(this.#text), 'the wanted bytes');
    return this.#text;
  }

  /** Waits until the gateway has closed the connection. @returns everything received. */
  async closed(): Promise<string> {
    await this.#wait(() => this.#isClosed, 'the end of the connection');
    return this.#text;
  }

  async #wait(isThere: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = (): void => {
      if (isThere()) resolve();
      else if (this.#isClosed) reject(new Error(`closed before ${what}; received: ${this.#text}`));
    };
    const timer = setTimeout(() => {
      reject(new Error(`no ${what} within ${DEADLINE_MS} ms; received: ${this.#text}`));
    }, DEADLINE_MS);
    this.#waiting.add(check);
    check();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(check);
    });
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }
}

export async function openCaller(port: number): Promise<RawCaller> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return new RawCaller(socket);
}

/** Sends `bytes` and reads until the gateway closes. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const caller = await openCaller(port);
  return await caller.send(bytes).closed();
}

/** One connection that an upstream got. */
export interface UpstreamConversation {
  readonly socket: Socket;
  /** Everything that came by it, latin1. */
  text: string;
}

export interface RawUpstream {
  readonly port: number;
  /** In the order in which they came. */
  readonly conversations: readonly UpstreamConversation[];
  /** Request heads that came, over all connections. */
  requests(): readonly string[];
  close(): Promise<void>;
}

/** `answer` is called with each piece that comes. */
export async function startRawUpstream(
  answer: (conversation: UpstreamConversation, piece: string) => void,
): Promise<RawUpstream> {
  const conversations: UpstreamConversation[] = [];
  const server = createServer((socket) => {
    const conversation = { socket, text: '' };
    conversations.push(conversation);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const piece = chunk.toString('latin1');
      conversation.text += piece;
      answer(conversation, piece);
    });
  });
  const port = await listen(server);
  return {
    port,
    conversations,
    requests: () => conversations.flatMap(({ text }) => text.split(/(?=^[A-Z]+ \/[^\r\n]* HTTP\/1\.1\r\n)/m)),
    async close() {
      for (const { socket } of conversations) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers each request head with `response`; bodies are not looked at. */
export function startFixedUpstream(response: string): Promise<RawUpstream> {
  return startRawUpstream(({ socket }, piece) => {
    const heads = piece.split('\r\n\r\n').length - 1;
    socket.write(Buffer.from(response.repeat(heads), 'latin1'));
  });
}

/** A port where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Splits a whole response. */
export function parseResponse(text: string): {
  readonly status: number;
  readonly head: string;
  readonly body: string;
} {
  const end = text.indexOf('\r\n\r\n');
  return {
    status: Number(text.slice(9, 12)),
    head: text.slice(0, end),
    body: text.slice(end + 4),
  };
}
