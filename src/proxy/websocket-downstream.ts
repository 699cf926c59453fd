/** What a WebSocket's upstream sends to its caller, and how it ends when the gateway goes away. */

import type { Duplex, Readable } from 'node:stream';

import { WebSocketFrames } from './websocket-frames.ts';

/** An unmasked Close frame with status 1001, "going away" (RFC 6455, 7.4.1). */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

export class WebSocketDownstream {
  readonly #upstream: Readable;
  readonly #caller: Duplex;
  readonly #frames = new WebSocketFrames();
  readonly #follow = (bytes: Buffer): void => this.#frames.follow(bytes);
  readonly #finish = (bytes: Buffer): void => this.#finishFrame(bytes);

  /** `upstream` is piped to `caller`, and nothing of it has come yet. */
  constructor(upstream: Readable, caller: Duplex) {
    this.#upstream = upstream;
    this.#caller = caller;
    upstream.on('data', this.#follow);
    // What still comes from the caller is for nobody then, and unread it would hide that the caller ends.
    upstream.once('close', () => caller.resume());
  }

  /** Tells the caller, once the frame that is under way has passed: within it, it would be read as a part of that. */
  goAway(): void {
    this.#upstream.off('data', this.#follow).unpipe(this.#caller);
    if (this.#frames.isBetween) this.#end();
    else this.#upstream.on('data', this.#finish).resume();
  }

  #finishFrame(bytes: Buffer): void {
    const end = this.#frames.followOne(bytes, 0);
    const isTaken = this.#caller.write(bytes.subarray(0, end));
    if (this.#frames.isBetween) {
      this.#end();
    } else if (!isTaken) {
      this.#upstream.pause();
      this.#caller.once('drain', () => this.#upstream.resume());
    }
  }

  #end(): void {
    if (!this.#caller.writableEnded) this.#caller.end(GOING_AWAY);
    // What still comes is for nobody; the upstream learns from the caller's answer that it ends.
    this.#upstream.off('data', this.#finish).resume();
  }
}
