/**
 * The access log: one JSON line for each finished request. Lines go to the control thread as bytes, many at once: a
 * message and a write cost as much as several requests.
 */

import { createLineFormat } from './access-line.ts';
import type { RequestRecord } from './ports.ts';

/** Which requests have a line. */
export interface AccessLogSettings {
  readonly mode: 'all' | 'errors' | 'off';
  /** Of the requests that went well one in so many has a line; of the others every one. */
  readonly oneIn: number;
}

export interface AccessLog {
  record(record: RequestRecord): void;
  /** Writes what is pending. */
  flush(): void;
}

/** Under load one write carries about two hundred lines; a lone line waits no longer than this. */
const FLUSH_AFTER_MS = 250;
const BUFFER_BYTES = 128 * 1024;

/**
 * @param write takes whole lines, in bytes that are its own
 * @returns `undefined` where it is off
 */
export function createAccessLog(
  write: (lines: Uint8Array<ArrayBuffer>) => void,
  { mode, oneIn }: AccessLogSettings,
): AccessLog | undefined {
  if (mode === 'off') return undefined;
  const lineOf = createLineFormat();
  const isWanted = createFilter(mode, oneIn);
  // Lines that wait as strings would live long enough to be moved by the garbage collector, each piece of them.
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let used = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (used > 0) write(new Uint8Array(buffer.subarray(0, used)));
    used = 0;
  };
  const append = (line: string): void => {
    if (used + line.length > BUFFER_BYTES) flush();
    if (line.length > BUFFER_BYTES) write(new Uint8Array(Buffer.from(line, 'latin1')));
    else used += buffer.write(line, used, 'latin1');
  };
  return {
    record(record) {
      if (!isWanted(record)) return;
      append(lineOf(record));
      timer ??= setTimeout(flush, FLUSH_AFTER_MS);
    },
    flush,
  };
}

/** Chosen by counting, the first included: a number for each request is cheaper than chance, and the share is exact. */
function createFilter(mode: 'all' | 'errors', oneIn: number): (record: RequestRecord) => boolean {
  let since = oneIn - 1;
  return ({ status, reason }) => {
    if (status >= 400 || reason !== undefined) return true;
    if (mode === 'errors') return false;
    since += 1;
    if (since < oneIn) return false;
    since = 0;
    return true;
  };
}
