/** Opens connections to one endpoint: in clear text, or by TLS with a certificate that must be in order. */

import { isIP, connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type ConnectionOptions,
  type SecureContext,
} from 'node:tls';

import { LRUCache } from 'lru-cache';

import type { Backend } from '../../model/table.ts';

/** TLS sessions kept for one endpoint: one for each server name. */
const MAX_SESSIONS = 64;

export interface DialOptions {
  /** For TLS. */
  readonly serverName: string | undefined;
  readonly alpn: 'h2' | 'http/1.1';
  /** Bytes come by call-back into one buffer: no stream, no allocation for each read. */
  readonly onread: OnReadOpts | undefined;
}

export type DialledEndpoint = Pick<Backend, 'protocol' | 'tls'> & {
  readonly address: string;
  readonly port: number;
};

export class Dialler {
  readonly #endpoint: DialledEndpoint;
  /** Made with the first: its arrays are as long as its bound. */
  #sessions: LRUCache<string, Buffer> | undefined;
  #context: SecureContext | undefined;

  constructor(endpoint: DialledEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Who the endpoint must be for a request to `host`. `undefined`: nobody in particular. */
  serverName(host: string): string | undefined {
    const { protocol, tls } = this.#endpoint;
    if (protocol !== 'HTTPS') return undefined;
    return tls?.serverName ?? host.replace(/^\[|\]$/g, '');
  }

  /** The event by which the socket says that it may be used. */
  get readyEvent(): 'connect' | 'secureConnect' {
    return this.#endpoint.protocol === 'HTTPS' ? 'secureConnect' : 'connect';
  }

  dial({ serverName, alpn, onread }: DialOptions): Socket {
    const { address, port } = this.#endpoint;
    const options = { host: address, port, noDelay: true, keepAlive: true, ...(onread && { onread }) };
    if (serverName === undefined) return connectTcp(options);
    const socket = connectTls({ ...options, ...this.#tlsOptions(serverName), ALPNProtocols: [alpn] });
    socket.on('session', (session) => {
      this.#sessions ??= new LRUCache({ max: MAX_SESSIONS });
      this.#sessions.set(serverName, session);
    });
    return socket;
  }

  #tlsOptions(serverName: string): ConnectionOptions {
    this.#context ??= createSecureContext({ ca: this.#endpoint.tls?.ca, minVersion: 'TLSv1.2' });
    const session = this.#sessions?.get(serverName);
    return {
      secureContext: this.#context,
      // RFC 6066, section 3: an address is not a server name.
      servername: isIP(serverName) === 0 ? serverName : '',
      // By the name of the service, never by the address of the pod.
      checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
      ...(session && { session }),
    };
  }
}
