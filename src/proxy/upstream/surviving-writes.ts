/**
 * Writes that fail without the end of their connection: a service may answer early and close over what it has not read,
 * and its answer, received before that, is still to be read (RFC 9112, section 9.6). Node would destroy the socket.
 */

import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** What is read next tells the end, at the latest. `onFailure` is told why it comes; nothing written arrives any more. */
export function surviveWrites(socket: Socket, onFailure: (error: Error) => void): void {
  // A stream of Node has one write under way at a time.
  let done: Done = () => {};
  const survive: Done = (error) => {
    if (error) onFailure(error);
    done();
  };
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, given) => {
    done = given;
    write(chunk, encoding, survive);
  };
  if (writev === undefined) return;
  socket._writev = (chunks, given) => {
    done = given;
    writev(chunks, survive);
  };
}
