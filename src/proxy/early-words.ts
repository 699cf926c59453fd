/** What a caller says before its WebSocket is agreed on: kept for the upstream, and read, so that its end is seen. */

import type { Duplex } from 'node:stream';

import type { UpgradeSocket } from './caller-messages.ts';

/** Beyond this it waits in the socket, and an end behind it is not seen. */
const MAX_BYTES = 64 * 1024;

export class EarlyWords {
  readonly #socket: Duplex;
  readonly #pieces: Buffer[];
  #bytes: number;

  /** Ends the socket with its peer, as long as nobody else reads from it. `head` came with the request. */
  constructor({ socket, head }: UpgradeSocket) {
    this.#socket = socket;
    this.#pieces = [head];
    this.#bytes = head.length;
    socket.on('readable', this.#read).on('end', this.#end);
  }

  /** Gives back what was kept, and leaves the end of the caller to whoever reads from now on. */
  release(): void {
    this.#socket.off('readable', this.#read).off('end', this.#end);
    const words = Buffer.concat(this.#pieces.splice(0));
    if (words.length > 0 && !this.#socket.destroyed) this.#socket.unshift(words);
  }

  readonly #read = (): void => {
    while (this.#bytes < MAX_BYTES) {
      const piece = this.#socket.read() as Buffer | null;
      if (piece === null) return;
      this.#pieces.push(piece);
      this.#bytes += piece.length;
    }
  };

  readonly #end = (): void => void this.#socket.destroy();
}
