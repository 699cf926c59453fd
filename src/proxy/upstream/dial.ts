/** Opens connections to one endpoint: in clear text, or by TLS with certificates that must be in order. */

import { isIP, connect as connectTcp, Socket, type OnReadOpts } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type ConnectionOptions,
  type SecureContext,
} from 'node:tls';

import { LRUCache } from 'lru-cache';

import type { Backend } from '../../model/table.ts';
import { ProxyError } from '../proxy-error.ts';

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
  /** PEM private key of the client certificate of `tls`. */
  readonly clientKey: string | undefined;
};

export interface DiallerOptions extends DialledEndpoint {
  /** Wall clock. */
  readonly nowMs: () => number;
}

/** Sessions are resumed as who they began: whoever shows another certificate has a dialler of its own. */
export class Dialler {
  readonly #endpoint: DiallerOptions;
  /** Made with the first: its arrays are as long as its bound. */
  #sessions: LRUCache<string, Buffer> | undefined;
  #context: SecureContext | undefined;

  constructor(endpoint: DiallerOptions) {
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
    const fault = this.#identityFault();
    if (fault !== undefined) return new Socket().destroy(fault);
    const socket = connectTls({ ...options, ...this.#tlsOptions(serverName), ALPNProtocols: [alpn] });
    socket.on('session', (session) => {
      this.#sessions ??= new LRUCache({ max: MAX_SESSIONS });
      this.#sessions.set(serverName, session);
    });
    return socket;
  }

  /** Why the endpoint cannot be told who calls. Without a certificate it might take the gateway for somebody else. */
  #identityFault(): ProxyError | undefined {
    const { tls, clientKey, nowMs } = this.#endpoint;
    const certificate = tls?.clientCertificate;
    if (certificate === undefined) return undefined;
    const { secret, notAfterMs } = certificate;
    if (clientKey === undefined) {
      return new ProxyError('UpstreamUnreachable', `the private key of Secret ${secret} is missing`);
    }
    if (nowMs() < notAfterMs) return undefined;
    return new ProxyError('UpstreamUnreachable', `the client certificate of Secret ${secret} has expired`);
  }

  #tlsOptions(serverName: string): ConnectionOptions {
    const { tls, clientKey } = this.#endpoint;
    this.#context ??= createSecureContext({
      ca: tls?.ca,
      cert: tls?.clientCertificate?.chain,
      key: clientKey,
      minVersion: 'TLSv1.2',
    });
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
