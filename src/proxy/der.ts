/** The few DER encodings that a certificate is made of (X.690). */

export function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...contents);
}

export function set(...contents: readonly Uint8Array[]): Buffer {
  return tagged(0x31, ...contents);
}

/** `[number] EXPLICIT`. */
export function explicit(number: number, content: Uint8Array): Buffer {
  return tagged(0xa0 | number, content);
}

/** Big-endian two's complement, as short as can be. */
export function integer(bytes: Uint8Array): Buffer {
  return tagged(0x02, bytes);
}

/** `encoded`: the bytes of the identifier as DER has them. */
export function objectId(encoded: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(encoded));
}

export function octetString(content: Uint8Array): Buffer {
  return tagged(0x04, content);
}

/** Of whole bytes. */
export function bitString(content: Uint8Array): Buffer {
  return tagged(0x03, Buffer.of(0), content);
}

export function utf8(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text));
}

/** RFC 5280, 4.1.2.5: UTCTime until 2049, then GeneralizedTime; in whole seconds. */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.of(bytes);
  return bytes < 0x100 ? Buffer.of(0x81, bytes) : Buffer.of(0x82, bytes >> 8, bytes & 0xff);
}
