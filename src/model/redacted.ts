/** A value that no log, metric, JSON document or inspection can print. */

import { inspect } from 'node:util';

const PLACEHOLDER = '[redacted]';

/**
 * Holds a secret from the edge on. Every ordinary way to print it gives `[redacted]`; only
 * {@link Redacted.reveal} gives the value, and only `oauth/`, TLS set-up and the wire may call that.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  /** Compares without revealing; for finding out what changed, not for checking a caller's secret. */
  equals(other: Redacted<T>): boolean {
    return this.#value === other.#value;
  }

  toJSON(): string {
    return PLACEHOLDER;
  }

  toString(): string {
    return PLACEHOLDER;
  }

  [inspect.custom](): string {
    return PLACEHOLDER;
  }
}
