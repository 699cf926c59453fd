/** Bodies that come by HTTP/2 in small frames: what waits for its reader is kept together, not each piece by itself. */

import type { Duplex } from 'node:stream';

const BLOCK_BYTES = 4_096;

/**
 * Node keeps each DATA frame as an object of its own, and with it all that came in the same read: by bytes that come one
 * by one the windows of a connection would let a peer make us hold gigabytes. For a stream that nobody has read from, or
 * that has just been paused.
 */
export function gatherPieces(stream: Duplex): void {
  joinEarly(stream);
  const push = stream.push.bind(stream);
  const waiting = new Blocks();
  const release = (): void => {
    for (const block of waiting.take()) push(block);
  };
  stream.push = (piece: Buffer | null): boolean => {
    // The first one goes as it is: most often there is no other.
    if (piece !== null && stream.readableFlowing !== true && stream.readableLength > 0) {
      waiting.add(piece);
      return stream.readableLength + waiting.bytes < stream.readableHighWaterMark;
    }
    release();
    return push(piece);
  };
  stream.on('resume', release);
}

/** Makes one of the pieces that came before anybody could ask. */
function joinEarly(stream: Duplex): void {
  const { readableFlowing, readableLength } = stream;
  if (readableFlowing !== null || readableLength === 0) return;
  const early = stream.read(readableLength) as Buffer | null;
  if (early !== null) stream.unshift(early);
}

/** Bytes in the order in which they came. */
class Blocks {
  /** Of all pieces. */
  bytes = 0;
  readonly #blocks: Buffer[] = [];
  #last: Buffer = Buffer.alloc(0);
  /** Of the last block. */
  #used = 0;

  add(piece: Buffer): void {
    if (this.#used + piece.length > this.#last.length) {
      this.#close();
      this.#last = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, piece.length));
    }
    this.#used += piece.copy(this.#last, this.#used);
    this.bytes += piece.length;
  }

  /** Nothing is left. */
  take(): readonly Buffer[] {
    this.#close();
    this.bytes = 0;
    return this.#blocks.splice(0);
  }

  #close(): void {
    if (this.#used > 0) this.#blocks.push(this.#last.subarray(0, this.#used));
    this.#last = Buffer.alloc(0);
    this.#used = 0;
  }
}
