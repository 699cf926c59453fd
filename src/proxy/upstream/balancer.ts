/** Chooses the endpoint of a backend for each try: round robin, around endpoints that cannot be reached. */

import type { UpstreamEndpoint } from './endpoint.ts';

/** Retries may be this share of requests, so that a failing service is not hit with a multiple of its load. */
const RETRY_SHARE = 0.2;
const MAX_RETRY_CREDIT = 10;
/** Tries after the first that failed before anything was lost. */
export const MAX_RETRIES = 2;

export class Balancer {
  #endpoints: readonly UpstreamEndpoint[];
  #next: number;
  #retryCredit = MAX_RETRY_CREDIT;

  /** `random` in [0, 1): threads and pods that start together must not all begin with the same endpoint. */
  constructor(endpoints: readonly UpstreamEndpoint[], random: number) {
    this.#endpoints = endpoints;
    this.#next = Math.floor(random * endpoints.length);
  }

  get endpoints(): readonly UpstreamEndpoint[] {
    return this.#endpoints;
  }

  /** A request that has waited for its token or its body then goes to where the service is now, not to where it was. */
  replace(endpoints: readonly UpstreamEndpoint[]): void {
    this.#endpoints = endpoints;
    if (this.#next >= endpoints.length) this.#next = 0;
  }

  /** For the first try. `undefined` where there is no endpoint. */
  pick(): UpstreamEndpoint | undefined {
    if (this.#retryCredit < MAX_RETRY_CREDIT) this.#retryCredit += RETRY_SHARE;
    return this.#pick(undefined);
  }

  /** For another try: an endpoint not in `tried`. `undefined` where there is none, or retries are used up. */
  pickAgain(tried: ReadonlySet<UpstreamEndpoint>): UpstreamEndpoint | undefined {
    if (!this.takeRetry()) return undefined;
    return this.#pick(tried);
  }

  /** Whether one more retry is within the budget. */
  takeRetry(): boolean {
    if (this.#retryCredit < 1) return false;
    this.#retryCredit--;
    return true;
  }

  #pick(tried: ReadonlySet<UpstreamEndpoint> | undefined): UpstreamEndpoint | undefined {
    let ejected: UpstreamEndpoint | undefined;
    for (let turn = 0; turn < this.#endpoints.length; turn++) {
      const endpoint = this.#endpoints[this.#next];
      this.#next = (this.#next + 1) % this.#endpoints.length;
      if (endpoint === undefined || tried?.has(endpoint) === true) continue;
      if (!endpoint.isEjected || this.#tooManyEjected()) return endpoint;
      ejected ??= endpoint;
    }
    return ejected;
  }

  /** With more than half of them out, the fault is rather here than there. */
  #tooManyEjected(): boolean {
    const ejected = this.#endpoints.filter((endpoint) => endpoint.isEjected).length;
    return ejected * 2 > this.#endpoints.length;
  }
}
