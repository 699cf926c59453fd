/** The process log: JSON lines by pino on standard output. */

import { pino, type DestinationStream } from 'pino';

import type { Logger } from './ports.ts';

/** Whole lines in one write stay whole on a pipe up to this size (`PIPE_BUF`), also with several threads writing. */
const ATOMIC_WRITE_BYTES = 4_096;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields of every line, such as the name of the thread. */
  readonly base?: Readonly<Record<string, unknown>>;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
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
    options.destination ?? standardOutput(),
  );
}

/** Lines are written by the event loop in batches; what is pending is flushed when the process exits. */
export function standardOutput(): DestinationStream & { flushSync(): void } {
  return pino.destination({ dest: 1, sync: false, maxWrite: ATOMIC_WRITE_BYTES });
}
