/** Finds the head of a request in the bytes of a connection, which may come in pieces. */

const HEAD_END = Buffer.from('\r\n\r\n');
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DEL = 0x7f;

export type FoundHead =
  /** `text`: latin1, each line ended by CRLF, without the empty line. `end`: where the next byte is. */
  | { readonly kind: 'whole'; readonly text: string; readonly end: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** `text`: what is known of it. */
  | { readonly kind: 'tooLarge'; readonly text: string };

const INCOMPLETE: FoundHead = { kind: 'incomplete' };
const MALFORMED: FoundHead = { kind: 'malformed' };

export class HeadReader {
  readonly #maxBytes: number;
  /** Of the head that is incomplete: what has been looked at. */
  #seen = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** `bytes`: all that has come of a head, each time. */
  read(bytes: Buffer): FoundHead {
    const end = bytes.indexOf(HEAD_END, Math.max(0, this.#seen - HEAD_END.length));
    if (end < 0) return this.#readPart(bytes);
    this.#seen = 0;
    const textEnd = end + 2;
    const text = bytes.toString('latin1', 0, textEnd);
    return text.length > this.#maxBytes
      ? { kind: 'tooLarge', text }
      : { kind: 'whole', text, end: textEnd + 2 };
  }

  /** What cannot become a head is refused before its time is up: a handshake of TLS, or lines without CR. */
  #readPart(bytes: Buffer): FoundHead {
    const isSound = isPartOfHead(bytes, this.#seen);
    this.#seen = bytes.length;
    if (!isSound) return MALFORMED;
    // The empty line that may have begun does not count.
    if (bytes.length < this.#maxBytes + 2) return INCOMPLETE;
    return { kind: 'tooLarge', text: bytes.toString('latin1') };
  }
}

/** `bytes` from where the head begins: empty lines before it are none of its business (RFC 9112, section 2.2). */
export function withoutEmptyLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at === 0 ? bytes : bytes.subarray(at);
}

function isPartOfHead(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at += 1) {
    const code = bytes[at] ?? 0;
    if (code === LF) {
      if (bytes[at - 1] !== CR) return false;
    } else if ((code < SPACE && code !== TAB && code !== CR) || code === DEL) {
      return false;
    }
  }
  return true;
}
