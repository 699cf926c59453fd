/** A caller of HTTP/2 that sends whatever a test wants, frame by frame. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';

import {
  fieldBlock,
  Flag,
  frame,
  FrameType,
  PREFACE,
  readFrames,
  settings,
  type Frame,
} from '../../support/http2-frames.ts';

const DEADLINE_MS = 10_000;

export type Fields = readonly (readonly [string, string])[];

export const REQUEST: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'shop.example.com'],
  [':path', '/'],
];

export class RawHttp2Caller {
  readonly socket: Socket;
  /** In the order in which they came. */
  readonly frames: Frame[] = [];
  isClosed = false;
  #rest: Buffer = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      const { frames, rest } = readFrames(Buffer.concat([this.#rest, chunk]));
      this.frames.push(...frames);
      this.#rest = rest;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(...frames: readonly Buffer[]): this {
    this.socket.write(Buffer.concat(frames));
    return this;
  }

  /** A request without a body. */
  request(stream: number, fields: Fields = REQUEST): this {
    return this.send(headers(stream, fields, Flag.endHeaders | Flag.endStream));
  }

  /** The first frame that `isWanted`, also one that came before. */
  async frame(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    await this.#wait(() => this.frames.some(isWanted));
    const found = this.frames.find(isWanted);
    if (found === undefined) throw new Error(`closed before the frame; received: ${this.#summary()}`);
    return found;
  }

  /** The first frame of the kind on the stream. */
  async frameOf(type: number, stream: number): Promise<Frame> {
    return await this.frame((frame) => frame.type === type && frame.stream === stream);
  }

  /** Waits until the gateway has closed the connection. @returns the error code of its last GOAWAY. */
  async ended(): Promise<number | undefined> {
    await this.#wait(() => this.isClosed);
    return this.frames.findLast(({ type }) => type === FrameType.goAway)?.payload.readUInt32BE(4);
  }

  async #wait(isThere: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = (): void => {
      if (isThere() || this.isClosed) resolve();
    };
    const timer = setTimeout(
      () => reject(new Error(`not in time; received: ${this.#summary()}`)),
      DEADLINE_MS,
    );
    this.#waiting.add(check);
    check();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(check);
    });
  }

  #summary(): string {
    return this.frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`).join(' ');
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }
}

/** Connects by TLS with ALPN; sends nothing yet. */
export async function connectHttp2(port: number): Promise<RawHttp2Caller> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    servername: 'shop.example.com',
    ALPNProtocols: ['h2'],
  });
  await once(socket, 'secureConnect');
  return new RawHttp2Caller(socket);
}

/** Connects, and sends the preface. */
export async function openHttp2(
  port: number,
  ...given: readonly (readonly [number, number])[]
): Promise<RawHttp2Caller> {
  const caller = await connectHttp2(port);
  return caller.send(PREFACE, settings(...given));
}

export function headers(stream: number, fields: Fields, flags: number): Buffer {
  return frame(FrameType.headers, flags, stream, fieldBlock(fields));
}
