/** The backends of the table as balancers over shared endpoints: a change touches only what it names. */

import type { Backend, BackendKey } from '../../model/table.ts';
import type { Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import { Balancer } from './balancer.ts';
import type { DialledEndpoint } from './dial.ts';
import { endpointKey, UpstreamEndpoint } from './endpoint.ts';

export interface BackendsOptions {
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
  readonly random: () => number;
}

interface Counted {
  readonly endpoint: UpstreamEndpoint;
  backends: number;
}

export class Backends {
  readonly #options: BackendsOptions;
  readonly #balancers = new Map<BackendKey, Balancer>();
  /** Two backends with the same endpoint share its connections and its health. */
  readonly #endpoints = new Map<string, Counted>();

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  find(key: BackendKey): Balancer | undefined {
    return this.#balancers.get(key);
  }

  set(key: BackendKey, backend: Backend): void {
    const balancer = this.#balancers.get(key);
    const previous = balancer?.endpoints;
    const endpoints = backend.endpoints.map(({ address, port }) =>
      this.#acquire({ address, port, protocol: backend.protocol, tls: backend.tls }),
    );
    if (balancer === undefined) this.#balancers.set(key, new Balancer(endpoints, this.#options.random()));
    else balancer.replace(endpoints);
    this.#release(previous);
  }

  remove(key: BackendKey): void {
    const previous = this.#balancers.get(key)?.endpoints;
    this.#balancers.delete(key);
    this.#release(previous);
  }

  destroy(): void {
    for (const { endpoint } of this.#endpoints.values()) endpoint.destroy();
    this.#endpoints.clear();
    this.#balancers.clear();
  }

  #acquire(dialled: DialledEndpoint): UpstreamEndpoint {
    const key = endpointKey(dialled);
    let counted = this.#endpoints.get(key);
    if (counted === undefined) {
      const { limits, deadlines } = this.#options;
      counted = { endpoint: new UpstreamEndpoint({ ...dialled, limits, deadlines }), backends: 0 };
      this.#endpoints.set(key, counted);
    }
    counted.backends++;
    return counted.endpoint;
  }

  #release(endpoints: readonly UpstreamEndpoint[] = []): void {
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      const counted = this.#endpoints.get(key);
      if (counted === undefined || --counted.backends > 0) continue;
      this.#endpoints.delete(key);
      endpoint.retire();
    }
  }
}
