/** Connections of trusted proxies that begin with a header of the PROXY protocol, which says for whom they are. */

import type { Socket } from 'node:net';

import { readProxyHeader } from '../http/proxy-protocol.ts';
import type { Deadlines } from './deadlines.ts';

export interface ProxyProtocolOptions {
  readonly deadlines: Deadlines;
  /** Within which the header must have come. */
  readonly timeoutMs: number;
}

export class ProxyProtocol {
  readonly #options: ProxyProtocolOptions;
  /** By both ends of the connection: TLS puts another socket around it. */
  readonly #addresses = new Map<string, string>();
  readonly #waiting = new Set<Socket>();

  constructor(options: ProxyProtocolOptions) {
    this.#options = options;
  }

  /** Whom a connection is for, as its header says. */
  addressOf(socket: Socket): string | undefined {
    return this.#addresses.size === 0 ? undefined : this.#addresses.get(nameOf(socket));
  }

  /**
   * Takes the header off a new connection and leaves what follows on it, as if nobody had read. One without a valid header
   * in time is closed: whoever may send it must, since a caller could send one too.
   */
  read(socket: Socket, proceed: () => void): void {
    const { deadlines, timeoutMs } = this.#options;
    let bytes = Buffer.alloc(0);
    const deadline = { deadlineMs: deadlines.nowMs + timeoutMs, expire: () => void socket.destroy() };
    const onReadable = (): void => {
      for (let piece = readPiece(socket); piece !== undefined; piece = readPiece(socket)) {
        bytes = Buffer.concat([bytes, piece]);
      }
      const header = readProxyHeader(bytes);
      if (header.kind === 'incomplete') return;
      forget();
      if (header.kind === 'invalid') {
        socket.destroy();
        return;
      }
      if (header.address !== undefined) this.#remember(socket, header.address);
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      // A stream that has just lost its last reader of this kind does not start for the next one before that.
      setImmediate(() => {
        socket.off('error', ignore);
        if (!socket.destroyed) proceed();
      });
    };
    const forget = (): void => {
      deadlines.forget(deadline);
      this.#waiting.delete(socket);
      socket.off('readable', onReadable).off('close', forget).off('end', onEnd);
    };
    const onEnd = (): void => void socket.destroy();
    deadlines.watch(deadline);
    this.#waiting.add(socket);
    socket.on('error', ignore).on('close', forget).on('end', onEnd).on('readable', onReadable);
  }

  /** Closes the connections whose header has not come. */
  destroy(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #remember(socket: Socket, address: string): void {
    const name = nameOf(socket);
    this.#addresses.set(name, address);
    socket.once('close', () => this.#addresses.delete(name));
  }
}

function readPiece(socket: Socket): Buffer | undefined {
  const piece: unknown = socket.read();
  return Buffer.isBuffer(piece) ? piece : undefined;
}

function nameOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

function ignore(): void {
  // What it says, `close` says too.
}
