/** What a stream of Node that has closed still keeps in memory. */

import type { Duplex } from 'node:stream';

/**
 * Takes every listener from a stream that has closed. V8 puts the closure that each writable stream of Node has for its
 * own writes among the old objects at once, and so keeps the stream until the next major collection: what listens to it
 * must not be kept, moved and moved again with it. To be called from a listener of `close`; the others still hear of it.
 */
export function forgetListeners(stream: Duplex): void {
  stream.removeAllListeners();
  stream.on('error', ignoreError);
}

/** What `error` says, `close` says too; without a listener it would end the process. */
export function ignoreError(): void {}
