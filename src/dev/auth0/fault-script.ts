/** Scripted faults: what the next requests to an endpoint meet instead of, or before, the true answer. */

import type { TokenFlaw } from './access-token.ts';

/** An answer sent as it stands. */
interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EndpointFault {
  /** Wait so long before the answer. */
  readonly delayMs?: number;
  /** Wait for this before the answer: for tests that must not depend on time. */
  readonly until?: Promise<unknown>;
  /** Close the connection without an answer. */
  readonly hangUp?: boolean;
  /** Instead of the true answer. */
  readonly answer?: RawAnswer;
  /** Headers added to the true answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Faults of `/oauth/token` can spoil the token as well. */
export interface TokenFault extends EndpointFault {
  readonly flaw?: TokenFlaw;
  /** `expires_in` as sent; `absent: true` leaves it out. */
  readonly expiresIn?: number | string | { readonly absent: true };
  /** `token_type` as sent. Default `Bearer`. */
  readonly tokenType?: string;
}

/** The faults to come at one endpoint, first come first served. */
export class FaultScript<F extends EndpointFault> {
  readonly #queue: { readonly fault: F; left: number }[] = [];

  /** The next `count` requests meet `fault`; further calls queue up behind. */
  next(count: number, fault: F): void {
    if (count > 0) this.#queue.push({ fault, left: count });
  }

  /** Every request from now on, until {@link clear}. */
  always(fault: F): void {
    this.next(Number.POSITIVE_INFINITY, fault);
  }

  clear(): void {
    this.#queue.length = 0;
  }

  take(): F | undefined {
    const [first] = this.#queue;
    if (first === undefined) return undefined;
    first.left -= 1;
    if (first.left <= 0) this.#queue.shift();
    return first.fault;
  }
}
