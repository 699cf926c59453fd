/** A log for commands that a person runs and reads: warnings and errors, on standard error. */

import type { LogFields, Logger } from '../../src/telemetry/ports.ts';

export function createConsoleLogger(command: string): Logger {
  const print = ({ cause }: LogFields, message: string): void => {
    const why = typeof cause === 'string' ? `: ${cause}` : '';
    console.error(`oidc-ingress ${command}: ${message}${why}`);
  };
  const ignore = (): void => {};
  return { debug: ignore, info: ignore, warn: print, error: print };
}
