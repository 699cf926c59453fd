/** Servers that tell what they were asked, and callers that send bytes as they are. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import type { Seen } from './readings.ts';

/** What does not come to its end is given up. */
export const GIVEN_UP_MS = 400;

export interface Recorder {
  readonly port: number;
  /** What came since it was asked last, in order; what did not come to its end is not among it. */
  take(): { readonly requests: readonly Seen[]; readonly error: string | undefined };
  close(): Promise<void>;
}

export async function startRecorder(): Promise<Recorder> {
  let seen: Seen[] = [];
  let error: string | undefined;
  const server = createServer({ connectionsCheckingInterval: 50 });
  server.maxHeadersCount = 0;
  server.headersTimeout = GIVEN_UP_MS;
  server.requestTimeout = GIVEN_UP_MS;
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      seen.push(record(request));
      request.resume();
      response.end('ok');
    });
  }
  server.on('clientError', (fault: NodeJS.ErrnoException, socket) => {
    // Who breaks a request off closes its connection.
    if (fault.code !== 'HPE_INVALID_EOF_STATE' && fault.code !== 'ECONNRESET') error ??= fault.code;
    socket.destroy();
  });
  const port = await listen(server);
  return {
    port,
    take() {
      const taken = { requests: seen.filter(({ isWhole }) => isWhole), error };
      seen = [];
      error = undefined;
      return taken;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What is told of a request as its parser tells it. */
export function record(request: IncomingMessage): Seen {
  const { method = '', url = '', rawHeaders } = request;
  const seen: Seen = { method, target: url, headers: rawHeaders, body: '', trailers: [], isWhole: false };
  const push = request.push.bind(request);
  // Events would come some turns later, and not at all where an error behind the request ends the connection meanwhile.
  request.push = (chunk: Buffer | null): boolean => {
    if (chunk !== null) seen.body += chunk.toString('latin1');
    seen.isWhole = chunk === null;
    seen.trailers = request.rawTrailers;
    return push(chunk);
  };
  return seen;
}

/** Sends the pieces one by one on a connection of its own. @returns all that came back until it was closed, latin1 */
export async function send(port: number, pieces: readonly Buffer[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(30 * GIVEN_UP_MS) });
  let received = '';
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await turn();
  }
  await closed;
  return received;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
