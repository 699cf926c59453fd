/** The beginning of a connection whose caller speaks HTTP/2 without asking (RFC 9113, section 3.3). */

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** `part`: what has come could be the beginning of one. */
export function prefaceIn(bytes: Buffer): 'whole' | 'part' | 'none' {
  const length = Math.min(bytes.length, PREFACE.length);
  if (PREFACE.compare(bytes, 0, length, 0, length) !== 0) return 'none';
  return length === PREFACE.length ? 'whole' : 'part';
}
