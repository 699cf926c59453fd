/** Sends requests through a proxy and sees both ends: what the caller gets, and what reaches the service. */

import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** A request as it reached the service. */
export interface Delivered {
  readonly method: string;
  readonly target: string;
  /** Lower-case names and values, sorted: their order is compared elsewhere. */
  readonly headers: readonly string[];
  readonly body: string;
}

export interface Observed {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** The body of the answer. */
  readonly text: string;
  readonly delivered: readonly Delivered[];
}

export interface Recorder {
  readonly port: number;
  /** What came since it was asked last. */
  take(): readonly Delivered[];
  close(): Promise<void>;
}

/** An answer that takes longer does not come. */
const DEADLINE_MS = 1_000;

export async function startRecorder(): Promise<Recorder> {
  let delivered: Delivered[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      delivered.push({
        method: request.method ?? '',
        target: request.url ?? '',
        headers: headersOf(request),
        body,
      });
      response.end('ok');
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A proxy that breaks a request off closes its connection.
    if (error.code === 'HPE_INVALID_EOF_STATE' || error.code === 'ECONNRESET') return;
    delivered.push({ method: 'unreadable', target: '', headers: [], body: '' });
    (socket as Socket).end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxHeadersCount = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = delivered;
      delivered = [];
      return taken;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function headersOf({ rawHeaders }: IncomingMessage): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]?.toLowerCase()}: ${rawHeaders[at + 1]}`);
  }
  return lines.toSorted();
}

/** One request on a connection of its own. */
export async function observe(port: number, text: string, recorder: Recorder): Promise<Observed> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.setTimeout(DEADLINE_MS, () => socket.destroy());
  socket.write(Buffer.from(text, 'latin1'));
  const answer = await readAnswer(socket, text.startsWith('HEAD '));
  socket.destroy();
  return { ...answer, delivered: recorder.take() };
}

function readAnswer(socket: Socket, isHead: boolean): Promise<Pick<Observed, 'status' | 'text'>> {
  const { promise, resolve } = Promise.withResolvers<Pick<Observed, 'status' | 'text'>>();
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    const answer = wholeAnswer(received, isHead);
    if (answer !== undefined) resolve(answer);
  });
  socket.on('close', () => resolve({ status: Number(received.slice(9, 12)), text: received }));
  return promise;
}

function wholeAnswer(received: string, isHead: boolean): Pick<Observed, 'status' | 'text'> | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const status = Number(received.slice(9, 12));
  const rest = received.slice(end + 4);
  if (status < 200) return wholeAnswer(rest, isHead);
  const head = received.slice(0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  const isWhole = length === undefined ? rest.endsWith('0\r\n\r\n') : rest.length >= Number(length);
  return isHead || isWhole ? { status, text: rest } : undefined;
}
