/** The HTTP/2 connections of callers: their limits, their streams as requests, an orderly end. */

import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';

import { fieldListBytes, readHttp2Head } from '../../http/http2-head.ts';
import type { Caller } from '../caller.ts';
import { forgetListeners } from '../closed-stream.ts';
import type { ProxyContext } from '../context.ts';
import type { Deadlined } from '../deadlines.ts';
import { handleRequest } from '../handler.ts';
import { UNCOUNTED } from '../session-memory.ts';
import { Http2Request } from './caller-request.ts';
import { Http2Response } from './caller-response.ts';
import { refuseLargeHead } from './large-head.ts';

const MAX_STREAMS = 128;
/** How much of a body may wait here unread. */
const STREAM_WINDOW_BYTES = 128 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
/** A field list between the limit and this many times the limit gets an answer; a larger one resets its stream. */
const REFUSED_LIST_FACTOR = 2;
/** Streams that a caller may reset at once, and in a second from then on (CVE-2023-44487). */
const RESET_BURST = 200;
const RESETS_PER_SECOND = 50;
/** What a caller may do wrong before its connection ends: frames, and streams over the limit. */
const MAX_INVALID_FRAMES = 100;
const MAX_REJECTED_STREAMS = 100;
const MAX_SETTINGS = 32;
/** How long a caller may take to read GOAWAY on a connection that is idle. */
const GOAWAY_LINGER_MS = 1_000;

interface Open extends Deadlined {
  readonly session: ServerHttp2Session;
  streams: number;
  /** Streams that the caller has reset, less those that time has forgiven. */
  resets: number;
  lastResetMs: number;
}

export class Http2Sessions {
  readonly #context: ProxyContext;
  readonly #open = new Set<Open>();
  #isOver = false;

  constructor(context: ProxyContext) {
    this.#context = context;
  }

  serve(socket: Socket): void {
    const { deadlines, limits } = this.#context;
    const caller = this.#context.callerOf(socket);
    const session = performServerHandshake(socket, sessionOptions(limits.headerBytes));
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    const open: Open = {
      session,
      streams: 0,
      resets: 0,
      lastResetMs: 0,
      deadlineMs: deadlines.nowMs + limits.headersTimeoutMs,
      expire: () => this.#expire(open),
    };
    this.#open.add(open);
    if (this.#isOver) session.close();
    deadlines.watch(open);
    session.on('stream', (stream, _headers, _flags, rawFields) => {
      // Opened and reset in one read: nothing is begun for it.
      if (stream.closed || stream.destroyed) return;
      this.#count(open, stream);
      this.#handle(stream, caller, rawFields);
    });
    // Whatever a caller does wrong ends its connection, which is all there is to say.
    session.on('error', () => {});
    session.on('close', () => {
      this.#open.delete(open);
      deadlines.forget(open);
    });
  }

  /**
   * Tells every caller to open no further streams; those that are open go on to their end. GOAWAY names the last of them:
   * whatever crosses it on its way has not been looked at, and the caller knows that it may ask again (RFC 9113,
   * section 6.8). The notice that may come first is not for Node: it takes no stream after any GOAWAY.
   */
  goAway(): void {
    for (const { session } of this.#open) session.close();
  }

  /** From now on a caller whose handshake was under way is told so at once: it has sent nothing yet that would be lost. */
  refuse(): void {
    this.#isOver = true;
  }

  destroy(): void {
    for (const { session } of this.#open) session.destroy();
  }

  #handle(stream: ServerHttp2Stream, caller: Caller, rawFields: readonly string[]): void {
    const head = readHttp2Head(rawFields, !stream.endAfterHeaders);
    const response = new Http2Response(stream);
    const request = new Http2Request(stream, head, this.#context.headerNameOf);
    if (fieldListBytes(rawFields) > this.#context.limits.headerBytes) {
      refuseLargeHead(this.#context, caller, request, response);
      return;
    }
    handleRequest(this.#context, caller, request, response);
  }

  /** A connection is idle while no stream is open; what comes otherwise, pings for example, does not count. */
  #count(open: Open, stream: ServerHttp2Stream): void {
    const { deadlines, limits } = this.#context;
    open.streams++;
    open.deadlineMs = Infinity;
    stream.once('close', () => {
      open.streams--;
      if (stream.aborted && stream.rstCode !== constants.NGHTTP2_INTERNAL_ERROR) this.#countReset(open);
      if (open.streams === 0) open.deadlineMs = deadlines.nowMs + limits.keepAliveTimeoutMs;
      forgetListeners(stream);
    });
  }

  /** Node has the same limit, but acts on it only after all that one turn of the event loop has read. */
  #countReset(open: Open): void {
    const { nowMs } = this.#context.deadlines;
    const forgiven = ((nowMs - open.lastResetMs) / 1_000) * RESETS_PER_SECOND;
    open.resets = Math.max(0, open.resets - forgiven) + 1;
    open.lastResetMs = nowMs;
    if (open.resets <= RESET_BURST) return;
    open.session.destroy(new Error('too many streams were reset'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /** First politely; a caller that does not read is cut off. */
  #expire(open: Open): void {
    const { session } = open;
    if (session.closed) {
      session.destroy();
      return;
    }
    this.#context.telemetry.limitReached('keep_alive');
    session.close();
    open.deadlineMs = this.#context.deadlines.nowMs + GOAWAY_LINGER_MS;
  }
}

function sessionOptions(headerBytes: number): Parameters<typeof performServerHandshake>[1] {
  return {
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: headerBytes * REFUSED_LIST_FACTOR,
      initialWindowSize: STREAM_WINDOW_BYTES,
      enableConnectProtocol: false,
    },
    maxSessionMemory: UNCOUNTED,
    // The size bounds them, at 32 bytes at least for each.
    maxHeaderListPairs: (headerBytes * REFUSED_LIST_FACTOR) / 32,
    maxSettings: MAX_SETTINGS,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionRejectedStreams: MAX_REJECTED_STREAMS,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
    // An upstream may send what it should not; the caller gets it as it would get it by HTTP/1.1.
    strictSingleValueFields: false,
  };
}
