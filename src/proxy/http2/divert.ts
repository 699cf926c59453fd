/** Tells the connections that agreed on HTTP/2 from the others. */

import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** By ALPN (RFC 7301), which only TLS has. */
export function isHttp2(socket: Socket | TLSSocket): boolean {
  return 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';
}

/** The others take the way that they would have without HTTP/2: the listener that Node has put there itself. */
export function divertHttp2(server: Server, serve: (socket: TLSSocket) => void): void {
  const http1 = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    if (isHttp2(socket)) serve(socket);
    else for (const listener of http1) Reflect.apply(listener, server, [socket]);
  });
}
