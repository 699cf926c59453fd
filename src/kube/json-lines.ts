/** Splits a stream of bytes into lines of JSON, as a watch answers. */

/** Bound of one line: etcd holds no object above 1.5 MiB by default, and JSON may take twice that. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Yields each complete line, parsed. Lines are cut as bytes, so a character split over two chunks survives. A last
 * line without its newline was cut off and is dropped: what it told is told again after the next connection.
 * @throws where a complete line is no JSON, or none ends within 16 MiB
 */
export async function* parseJsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield parseLine(line);
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) throw new Error(`a watch event exceeds ${MAX_LINE_BYTES} bytes`);
  }
}

/** The message of `JSON.parse` quotes what it read, which may be a Secret. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error('a watch event is not JSON');
  }
}
