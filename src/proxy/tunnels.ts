/** WebSocket connections: the request is checked as any other, then bytes pass both ways until either side ends. */

import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import type { Duplex, Readable } from 'node:stream';

import { createProxyServer, type ProxyServer } from 'http-proxy-3';

import type { UpgradeSocket } from './caller-messages.ts';
import type { ProxyContext } from './context.ts';
import { fail } from './failure.ts';
import { ProxyError } from './proxy-error.ts';
import type { Transaction } from './transaction.ts';
import type { Balancer } from './upstream/balancer.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';
import { upstreamHeaders, upstreamTarget, type UpstreamInput } from './upstream-request.ts';
import { WebSocketDownstream } from './websocket-downstream.ts';

/** How long a caller that was told may take to say goodbye (RFC 6455, section 7.1.1). */
const CLOSE_MS = 5_000;

export class Tunnels {
  /** By the caller's socket; `undefined` while the upstream has not agreed. */
  readonly #open = new Map<Duplex, WebSocketDownstream | undefined>();
  #isEnding = false;
  readonly #server: ProxyServer = createProxyServer({});

  constructor() {
    this.#server.on('proxyReqWs', (outgoing, request) => {
      // The library joins paths; what was matched must be what is sent, byte for byte.
      outgoing.path = request.url ?? '/';
    });
    // Errors come to the call-back of each request; without a listener a late one would end the process.
    this.#server.on('error', () => {});
  }

  get size(): number {
    return this.#open.size;
  }

  open(context: ProxyContext, balancer: Balancer, input: UpstreamInput): void {
    const { transaction } = input;
    const { upgrade } = transaction;
    const endpoint = input.preferred ?? balancer.pick();
    if (upgrade === undefined || endpoint === undefined) {
      fail(context, transaction, new ProxyError('NoEndpoints', 'the service has no endpoint'));
      return;
    }
    noteUpstream(transaction, endpoint);
    if (endpoint.protocol === 'H2C') {
      const message = 'a WebSocket needs HTTP/1.1, which the service does not speak';
      fail(context, transaction, new ProxyError('UpstreamProtocolError', message));
      return;
    }
    this.#connect(context, input, { upgrade, endpoint });
  }

  /** Tells every WebSocket that the gateway goes away, those to come too. What does not close then is closed. */
  closeAll(): void {
    this.#isEnding = true;
    for (const downstream of this.#open.values()) downstream?.goAway();
    setTimeout(() => this.destroy(), CLOSE_MS).unref();
  }

  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #connect(
    context: ProxyContext,
    input: UpstreamInput,
    { upgrade, endpoint }: { readonly upgrade: UpgradeSocket; readonly endpoint: UpstreamEndpoint },
  ): void {
    const { transaction } = input;
    const { socket, head } = upgrade;
    const { address, port } = endpoint;
    this.#open.set(socket, undefined);
    socket.on('close', () => this.#open.delete(socket));
    const timeouts = transaction.settings?.timeouts ?? context.limits;
    const tls = endpoint.tlsOptions(input.head.host);
    const protocol = tls === undefined ? 'http:' : 'https:';
    const target = { protocol, host: address, hostname: address, port };
    const agent = tls && { agent: new Agent({ ...tls, minVersion: 'TLSv1.2' }) };
    const options = { target, connectTimeout: timeouts.connectTimeoutMs, ...agent };
    this.#server.ws(outgoingRequest(input), socket, head, options, (error) => {
      if (transaction.isTunnel) return;
      fail(context, transaction, new ProxyError('UpstreamUnreachable', 'the upgrade failed', error));
    });
    socket.once('pipe', (upstream) => {
      transaction.isTunnel = true;
      transaction.status = 101;
      transaction.upstreamStatus = 101;
      this.#begin(upstream, socket);
    });
  }

  #begin(upstream: Readable, socket: Duplex): void {
    const downstream = new WebSocketDownstream(upstream, socket);
    if (this.#open.has(socket)) this.#open.set(socket, downstream);
    if (this.#isEnding) downstream.goAway();
  }
}

function noteUpstream(transaction: Transaction, endpoint: UpstreamEndpoint): void {
  transaction.upstreamAddress = endpoint.name;
  transaction.upstreamTries = 1;
}

/** All that the library reads of a request: with the headers and the target that the upstream is to get. */
function outgoingRequest(input: UpstreamInput): IncomingMessage {
  const raw = upstreamHeaders(input);
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const previous = headers[name];
    headers[name] = previous === undefined ? (raw[at + 1] ?? '') : [previous, raw[at + 1] ?? ''].flat();
  }
  headers['connection'] = 'Upgrade';
  headers['upgrade'] = 'websocket';
  const request = {
    method: 'GET',
    url: upstreamTarget(input),
    headers,
    httpVersion: '1.1',
    httpVersionMajor: 1,
  };
  return request as unknown as IncomingMessage;
}
