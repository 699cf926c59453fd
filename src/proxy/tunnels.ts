/** WebSocket connections: the request is checked as any other, then bytes pass both ways until either side ends. */

import { Agent, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';

import { createProxyServer, type ProxyServer } from 'http-proxy-3';

import type { ProxyContext } from './context.ts';
import { EarlyWords } from './early-words.ts';
import { fail } from './failure.ts';
import { CALLER_SILENT, ConnectTimeout, ProxyError } from './proxy-error.ts';
import type { Transaction } from './transaction.ts';
import { TunnelAttempt } from './tunnel-attempt.ts';
import type { Balancer } from './upstream/balancer.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';
import { upstreamHeaders, upstreamTarget, type UpstreamInput } from './upstream-request.ts';
import { WebSocketDownstream } from './websocket-downstream.ts';

/** How long a caller that was told may take to say goodbye (RFC 6455, section 7.1.1). */
const CLOSE_MS = 5_000;
/** The connection is made already; the library only wants to be told where to. */
const TARGET = { protocol: 'http:', host: 'upstream', hostname: 'upstream', port: 80 };

/** What came early is held elsewhere. */
const NOTHING = Buffer.alloc(0);

interface Tunnel {
  readonly context: ProxyContext;
  readonly input: UpstreamInput;
  readonly attempt: TunnelAttempt;
  readonly earlyWords: EarlyWords;
  /** `undefined` while the upstream has not agreed. */
  downstream: WebSocketDownstream | undefined;
}

export class Tunnels {
  /** By the caller's socket. */
  readonly #open = new Map<Duplex, Tunnel>();
  #isEnding = false;
  readonly #server: ProxyServer = createProxyServer({});

  constructor() {
    this.#server.on('proxyReqWs', (outgoing, request, socket) => {
      // The library joins paths; what was matched must be what is sent, byte for byte.
      outgoing.path = request.url ?? '/';
      outgoing.once('response', (response) => this.#declined(socket, response));
    });
    // Errors come to the call-back of each request; without a listener a late one would end the process.
    this.#server.on('error', () => {});
  }

  get size(): number {
    return this.#open.size;
  }

  open(context: ProxyContext, balancer: Balancer, input: UpstreamInput): void {
    const { transaction, preferred, head } = input;
    const { upgrade } = transaction;
    if (upgrade === undefined) return;
    const { socket } = upgrade;
    const attempt = new TunnelAttempt({
      balancer,
      preferred,
      host: head.host,
      timeouts: transaction.settings?.timeouts ?? context.limits,
      deadlines: context.deadlines,
      owner: {
        trying: (endpoint) => noteUpstream(transaction, endpoint),
        connected: (upstream) => this.#join(tunnel, socket, upstream),
        failed: (error) => failed(tunnel, socket, error),
      },
    });
    const earlyWords = new EarlyWords(upgrade);
    const tunnel: Tunnel = { context, input, attempt, earlyWords, downstream: undefined };
    this.#open.set(socket, tunnel);
    socket.on('close', () => this.#open.delete(socket));
    transaction.active = attempt;
    attempt.start();
  }

  /** Tells every WebSocket that the gateway goes away, those to come too. What does not close then is closed. */
  closeAll(): void {
    this.#isEnding = true;
    for (const { downstream } of this.#open.values()) downstream?.goAway();
    setTimeout(() => this.destroy(), CLOSE_MS).unref();
  }

  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** Both sides are there: the library asks for the upgrade, and carries what follows. */
  #join(tunnel: Tunnel, socket: Duplex, upstream: Socket): void {
    const { context, input, attempt } = tunnel;
    const { transaction } = input;
    const agent = Object.assign(new Agent(), { createConnection: () => upstream });
    this.#server.ws(outgoingRequest(input), socket, NOTHING, { target: TARGET, agent }, (error) => {
      if (attempt.isOver) return;
      attempt.answered();
      tunnel.earlyWords.release();
      fail(context, transaction, new ProxyError('UpstreamUnreachable', 'the upgrade failed', error));
    });
    socket.once('pipe', (from) => {
      attempt.answered();
      tunnel.earlyWords.release();
      transaction.isTunnel = true;
      transaction.status = 101;
      transaction.upstreamStatus = 101;
      this.#begin(tunnel, socket, from);
    });
  }

  #begin(tunnel: Tunnel, socket: Duplex, upstream: Readable): void {
    const downstream = new WebSocketDownstream(upstream, socket);
    tunnel.downstream = downstream;
    if (this.#isEnding) downstream.goAway();
  }

  /** The library passes the answer on; from here on there is no other. */
  #declined(socket: Duplex, response: IncomingMessage): void {
    const tunnel = this.#open.get(socket);
    if (tunnel === undefined) return;
    const { transaction } = tunnel.input;
    const status = response.statusCode ?? 0;
    transaction.isTunnel = true;
    transaction.status = status;
    transaction.upstreamStatus = status;
    tunnel.attempt.heard();
    response.on('data', () => {
      tunnel.attempt.heard();
      // The library writes on whether or not the caller takes it.
      if (socket.writableNeedDrain) response.pause();
    });
    socket.on('drain', () => {
      tunnel.attempt.heard();
      response.resume();
    });
    socket.once('close', () => tunnel.attempt.abort());
    response.once('close', () => {
      tunnel.attempt.answered();
      if (!response.complete) socket.destroy();
    });
  }
}

function failed(
  { context, input: { transaction }, earlyWords }: Tunnel,
  socket: Duplex,
  error: ProxyError,
): void {
  earlyWords.release();
  if (!transaction.isTunnel) {
    if (error.code === 'UpstreamTimeout') context.telemetry.limitReached('upstream_first_byte');
    if (error instanceof ConnectTimeout) context.telemetry.limitReached('upstream_connect');
    fail(context, transaction, error);
    return;
  }
  const isCallersFault = socket.writableNeedDrain;
  context.telemetry.limitReached(isCallersFault ? 'response_idle' : 'upstream_idle');
  transaction.reason = isCallersFault ? 'ClientClosed' : error.code;
  transaction.cause = isCallersFault ? CALLER_SILENT : error.message;
  socket.destroy();
}

function noteUpstream(transaction: Transaction, endpoint: UpstreamEndpoint): void {
  transaction.upstreamAddress = endpoint.name;
  transaction.upstreamTries++;
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
