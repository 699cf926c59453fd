/** How the bytes of a connection are read: by the gateway, and by llhttp as Node's server has it. */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Duplex } from 'node:stream';

import { describeHeaderName } from '../../../src/http/header-names.ts';
import { readHttp1Head, type Http1Head } from '../../../src/http/http1-head.ts';
import { parseRequestHead } from '../../../src/http/request-head.ts';
import { BodyDecoder } from '../../../src/proxy/body-decoder.ts';
import { HeadReader, withoutEmptyLines } from '../../../src/proxy/http1/head-reader.ts';
import { record } from './recorder.ts';

/** A request as it was understood. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  body: string;
  trailers: readonly string[];
  isWhole: boolean;
}

export interface Reading {
  readonly requests: readonly Seen[];
  /** Why nothing more is read; `undefined`: what comes next will be. `closed`: the last request asked for it. */
  readonly end: string | undefined;
}

const MAX_HEAD_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/** Up to where a route would be looked for; what the gateway refuses ends its connection. */
export function readAsGateway(pieces: readonly Buffer[], maxHeadBytes = MAX_HEAD_BYTES): Reading {
  const reader = new GatewayReader(maxHeadBytes);
  for (const piece of pieces) reader.push(piece);
  return { requests: reader.requests, end: reader.end };
}

class GatewayReader {
  readonly requests: Seen[] = [];
  end: string | undefined;
  readonly #heads: HeadReader;
  #held: Buffer = NOTHING;
  #body: BodyDecoder | undefined;
  #isLast = false;

  constructor(maxHeadBytes: number) {
    this.#heads = new HeadReader(maxHeadBytes);
  }

  push(piece: Buffer): void {
    this.#held = Buffer.concat([this.#held, piece]);
    try {
      while (this.end === undefined && this.#held.length > 0 && this.#step());
    } catch (error) {
      this.end = error instanceof Error ? error.message : String(error);
    }
  }

  #step(): boolean {
    if (this.#body === undefined) return this.#readHead();
    this.#held = this.#held.subarray(this.#body.step(this.#held, 0, this.#held.length));
    return true;
  }

  #readHead(): boolean {
    this.#held = withoutEmptyLines(this.#held);
    if (this.#held.length === 0) return false;
    const found = this.#heads.read(this.#held);
    if (found.kind === 'incomplete') return false;
    if (found.kind !== 'whole') {
      this.end = found.kind;
      return false;
    }
    this.#held = this.#held.subarray(found.end);
    const head = readHttp1Head(found.text, describeHeaderName);
    const fault = typeof head === 'string' ? head : (head.fault ?? faultOf(head));
    if (typeof head === 'string' || fault !== undefined) this.end = fault;
    else this.#begin(head);
    return this.end === undefined;
  }

  #begin({ method, target, fields, framing, isPersistent }: Http1Head): void {
    const isWhole = framing === 'none';
    const seen: Seen = { method, target, headers: fields.rawHeaders, body: '', trailers: [], isWhole };
    this.requests.push(seen);
    this.#isLast = !isPersistent;
    if (framing === 'none') {
      if (this.#isLast) this.end = 'closed';
      return;
    }
    const onEnd = (trailers: readonly string[]): void => {
      seen.trailers = trailers;
      seen.isWhole = true;
      this.#body = undefined;
      if (this.#isLast) this.end = 'closed';
    };
    const onBody = (bytes: Buffer, start: number, end: number): void => {
      seen.body += bytes.toString('latin1', start, end);
    };
    this.#body = new BodyDecoder({ onBody, onEnd }, (message) => new Error(message));
    this.#body.begin(framing, fields.contentLength);
  }
}

function faultOf({ method, target, fields }: Http1Head): string | undefined {
  const parsed = parseRequestHead(method, target, fields);
  return parsed.kind === 'invalid' ? parsed.fault : undefined;
}

/** `reason`: what is behind a code that means many things. */
interface ParseError extends NodeJS.ErrnoException {
  readonly reason?: string;
}

/** A connection that exists in memory only. */
class Wire extends Duplex {
  readonly requests: Seen[] = [];
  fault: string | undefined;

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

/** Node's parser, strict as it is by default. It asks nothing of Host here. */
export class Llhttp {
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ requireHostHeader: false, maxHeaderSize: MAX_HEAD_BYTES });
    this.#server.maxHeadersCount = 0;
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      this.#server.on(event, (request: IncomingMessage) => {
        const socket: Duplex = request.socket;
        if (socket instanceof Wire) socket.requests.push(record(request));
      });
    }
    this.#server.on('clientError', (error: ParseError, socket) => {
      if (socket instanceof Wire)
        socket.fault ??= `${error.code}${error.code === 'HPE_STRICT' ? ` ${error.reason}` : ''}`;
    });
  }

  read(pieces: readonly Buffer[]): Reading {
    const wire = new Wire();
    this.#server.emit('connection', wire);
    for (const piece of pieces) if (!wire.destroyed) wire.emit('data', piece);
    const { requests, fault, destroyed } = wire;
    wire.destroy();
    return { requests, end: fault ?? (destroyed ? 'destroyed' : undefined) };
  }
}
