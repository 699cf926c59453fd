/** A service behind TLS that wants to see a certificate of each caller, and says by every protocol whose it saw. */

import { once } from 'node:events';
import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SecureVersion, TLSSocket } from 'node:tls';

import { WebSocketServer, type WebSocket } from 'ws';

import type { TestKeyPair } from './key-pair.ts';

export interface MutualUpstream {
  readonly port: number;
  /** Of callers that were let in: whose certificate it was, and whether the handshake went on with a session. */
  readonly handshakes: readonly { readonly client: string; readonly isResumed: boolean }[];
  /** Handshakes that failed, those that callers gave up among them. */
  readonly refused: number;
  /** Requests and messages, by the first name in the certificate of their connection. */
  readonly requests: ReadonlyMap<string, number>;
  /** Connections that are open. */
  readonly connections: number;
  close(): Promise<void>;
}

export interface MutualUpstreamOptions {
  /** What it shows itself. */
  readonly certificate: TestKeyPair;
  /** Certificates of the callers that it knows, each its own authority. */
  readonly clients: readonly TestKeyPair[];
  /** Default: loopback. */
  readonly address?: string;
  readonly maxVersion?: SecureVersion;
}

/** Answers with what came and with who called, as JSON; the messages of WebSockets too. */
export async function startMutualUpstream(options: MutualUpstreamOptions): Promise<MutualUpstream> {
  const { certificate, clients, address = '127.0.0.1', maxVersion } = options;
  const handshakes: { client: string; isResumed: boolean }[] = [];
  const requests = new Map<string, number>();
  const open = new Set<Socket>();
  let refused = 0;
  const server = createSecureServer({
    cert: certificate.certificate,
    key: certificate.privateKey,
    ca: clients.map((client) => client.certificate),
    requestCert: true,
    rejectUnauthorized: true,
    allowHTTP1: true,
    ...(maxVersion !== undefined && { maxVersion }),
  });
  const echo = (client: string, body: string, authorization: string | undefined): string => {
    requests.set(client, (requests.get(client) ?? 0) + 1);
    return JSON.stringify({ client, body, authorization: { scheme: authorization?.split(' ')[0] } });
  };
  const answer = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    const body = await text(request).catch(() => '');
    response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/json');
    response.end(echo(clientOf(request.socket as TLSSocket), body, request.headers.authorization));
  };
  server.on('request', (request, response) => void answer(request, response));
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.on('secureConnection', (socket) => {
    if (socket.authorized) handshakes.push({ client: clientOf(socket), isResumed: socket.isSessionReused() });
    else refused += 1;
  });
  server.on('tlsClientError', () => (refused += 1));
  server.on('session', (session: ServerHttp2Session) => session.on('error', () => {}));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const client = clientOf(socket as TLSSocket);
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      webSocket.on('error', () => {});
      webSocket.on('message', (message: Buffer) =>
        webSocket.send(echo(client, message.toString(), request.headers.authorization)),
      );
    });
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    handshakes,
    requests,
    get refused() {
      return refused;
    },
    get connections() {
      return open.size;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function clientOf(socket: TLSSocket): string {
  return String(socket.getPeerCertificate().subject?.CN ?? '');
}
