/** The process log: JSON lines by pino on standard output. */

import { pino } from 'pino';

import type { Logger } from './ports.ts';

/** What waits for a reader that is too slow; above it lines are lost rather than memory. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** Takes whole lines, as text or as the bytes of it. */
export interface LineOutput {
  write(lines: string | Uint8Array): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields of every line, such as the name of the thread. */
  readonly base?: Readonly<Record<string, unknown>>;
  readonly destination: { write(lines: string): void };
}

/** Log lines have `time` (ISO 8601), `level`, `msg` and the fields given; an `Error` under `err` is serialised. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: options.base ?? {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination,
  );
}

/**
 * For one thread of a process: several that write to one pipe would cut into the lines of one another. Lines are
 * written by the event loop in batches; what is pending is flushed when the process exits.
 */
export function standardOutput(): LineOutput {
  const output = pino.destination({
    dest: 1,
    sync: false,
    maxLength: MAX_PENDING_BYTES,
    contentMode: 'buffer',
  });
  return {
    write(lines) {
      const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines;
      // Its types know of text alone, yet in this mode it takes bytes alone.
      output.write(bytes as unknown as string);
    },
  };
}
