/** Session affinity: which endpoint the cookie of a caller names. */

import { hash } from 'node:crypto';

import { cookieValue } from '../http/session-cookie.ts';
import type { SessionAffinity } from '../model/route-options.ts';
import type { Balancer } from './upstream/balancer.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';

export interface Affinity {
  /** The endpoint that the cookie names, if it still serves. */
  endpointFor(
    balancer: Balancer,
    affinity: SessionAffinity,
    rawHeaders: readonly string[],
  ): UpstreamEndpoint | undefined;
  /** The same for an endpoint in every pod of the gateway, and no address to the eye. */
  valueOf(endpoint: UpstreamEndpoint): string;
}

const VALUE_DIGITS = 16;

/** Remembers the value of each endpoint. */
export function createAffinity(): Affinity {
  const values = new WeakMap<UpstreamEndpoint, string>();
  function valueOf(endpoint: UpstreamEndpoint): string {
    const known = values.get(endpoint);
    if (known !== undefined) return known;
    const value = hash('sha256', `endpoint ${endpoint.name}`).slice(0, VALUE_DIGITS);
    values.set(endpoint, value);
    return value;
  }
  return {
    valueOf,
    endpointFor(balancer, { cookie }, rawHeaders) {
      const value = cookieValue(rawHeaders, cookie);
      if (value === undefined) return undefined;
      return balancer.endpoints.find((endpoint) => !endpoint.isEjected && valueOf(endpoint) === value);
    },
  };
}
