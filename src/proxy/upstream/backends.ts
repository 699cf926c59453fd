/** The backends of the table as balancers over shared endpoints: a change touches only what it names. */

import type { HeaderNameOf } from '../../http/header-names.ts';
import type { Backend, BackendKey } from '../../model/table.ts';
import type { Deadlines } from '../deadlines.ts';
import type { ProxyLimits } from '../limits.ts';
import { Balancer } from './balancer.ts';
import type { DialledEndpoint } from './dial.ts';
import { endpointKey, UpstreamEndpoint } from './endpoint.ts';

export interface BackendsOptions {
  readonly limits: ProxyLimits;
  readonly deadlines: Deadlines;
  readonly headerNameOf: HeaderNameOf;
  readonly random: () => number;
  /** Wall clock. */
  readonly nowMs: () => number;
}

interface Declared {
  readonly backend: Backend;
  /** PEM private key of its client certificate. */
  readonly clientKey: string | undefined;
}

interface Counted {
  readonly endpoint: UpstreamEndpoint;
  backends: number;
}

export class Backends {
  readonly #options: BackendsOptions;
  readonly #declared = new Map<BackendKey, Declared>();
  /** Of backends that were asked for: in a large cluster they are few, and each endpoint costs kilobytes. */
  readonly #balancers = new Map<BackendKey, Balancer>();
  /** Two backends with the same endpoint share its connections and its health. */
  readonly #endpoints = new Map<string, Counted>();

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  find(key: BackendKey): Balancer | undefined {
    const known = this.#balancers.get(key);
    if (known !== undefined) return known;
    const declared = this.#declared.get(key);
    if (declared === undefined) return undefined;
    const balancer = new Balancer(this.#acquireAll(declared), this.#options.random());
    this.#balancers.set(key, balancer);
    return balancer;
  }

  /** `clientKeys`: PEM, by Secret; that of its client certificate among them. */
  set(key: BackendKey, backend: Backend, clientKeys: Readonly<Record<string, string>>): void {
    const secret = backend.tls?.clientCertificate?.secret;
    const declared = { backend, clientKey: secret === undefined ? undefined : clientKeys[secret] };
    this.#declared.set(key, declared);
    const balancer = this.#balancers.get(key);
    if (balancer === undefined) return;
    const previous = balancer.endpoints;
    balancer.replace(this.#acquireAll(declared));
    this.#release(previous);
  }

  remove(key: BackendKey): void {
    this.#declared.delete(key);
    const previous = this.#balancers.get(key)?.endpoints;
    this.#balancers.delete(key);
    this.#release(previous);
  }

  destroy(): void {
    for (const { endpoint } of this.#endpoints.values()) endpoint.destroy();
    this.#endpoints.clear();
    this.#balancers.clear();
    this.#declared.clear();
  }

  #acquireAll({ backend, clientKey }: Declared): readonly UpstreamEndpoint[] {
    const { endpoints, protocol, tls } = backend;
    return endpoints.map(({ address, port }) => this.#acquire({ address, port, protocol, tls, clientKey }));
  }

  #acquire(dialled: DialledEndpoint): UpstreamEndpoint {
    const key = endpointKey(dialled);
    let counted = this.#endpoints.get(key);
    if (counted === undefined) {
      counted = { endpoint: new UpstreamEndpoint({ ...dialled, ...this.#options }), backends: 0 };
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
