/** Follows the frames that one side of a WebSocket sends (RFC 6455, section 5.2): where one ends, others may be put. */

const MASK_BIT = 0x80;
const LENGTH_BITS = 0x7f;
const MASK_BYTES = 4;
const MAX_HEAD_BYTES = 14;

export class WebSocketFrames {
  readonly #head = Buffer.alloc(MAX_HEAD_BYTES);
  #headBytes = 0;
  /** Bytes still to come of the payload. */
  #payloadBytes = 0;

  /** No frame is under way. */
  get isBetween(): boolean {
    return this.#headBytes === 0 && this.#payloadBytes === 0;
  }

  follow(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) at = this.followOne(bytes, at);
  }

  /** As far as the frame that is under way, or begins, at `start`. @returns where it ends, or the length of `bytes`. */
  followOne(bytes: Buffer, start: number): number {
    let at = start;
    if (this.#payloadBytes === 0) {
      at = this.#readHead(bytes, at);
      if (this.#headBytes > 0) return at;
    }
    const end = Math.min(bytes.length, at + this.#payloadBytes);
    this.#payloadBytes -= end - at;
    return end;
  }

  #readHead(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at += 1) {
      this.#head[this.#headBytes++] = bytes[at] ?? 0;
      if (this.#headBytes < 2 || this.#headBytes < headBytes(this.#head)) continue;
      this.#payloadBytes = payloadBytes(this.#head);
      this.#headBytes = 0;
      return at + 1;
    }
    return bytes.length;
  }
}

function headBytes(head: Buffer): number {
  const second = head[1] ?? 0;
  const length = second & LENGTH_BITS;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  return 2 + extended + ((second & MASK_BIT) === 0 ? 0 : MASK_BYTES);
}

function payloadBytes(head: Buffer): number {
  const length = (head[1] ?? 0) & LENGTH_BITS;
  if (length === 126) return head.readUInt16BE(2);
  return length === 127 ? Number(head.readBigUInt64BE(2)) : length;
}
