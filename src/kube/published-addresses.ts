/** Under which addresses callers reach the gateway: what `status.loadBalancer` of an Ingress says. */

import type { Clock } from '../model/clock.ts';
import type { ClusterAccess } from './cluster.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import { createKubeHttp } from './http.ts';
import { Reflector } from './reflector.ts';
import { serviceAddresses } from './service-addresses.ts';

export interface PublishedAddresses {
  /** IP addresses and host names. `undefined`: not known, so that what stands is left as it is. Never rejects. */
  read(): Promise<readonly string[] | undefined>;
  close(): Promise<void>;
}

/** As a flag names them; none: no status is touched. */
export function fixedAddresses(addresses: readonly string[]): PublishedAddresses {
  return {
    read: () => Promise.resolve(addresses.length === 0 ? undefined : addresses),
    close: () => Promise.resolve(),
  };
}

export interface ServiceAddressesOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: WatchTelemetry;
  /** `namespace/name`. */
  readonly service: string;
  /** They are others now. */
  readonly onChange: () => void;
}

/** Those of a Service, for as long as it exists. */
export function watchServiceAddresses(options: ServiceAddressesOptions): PublishedAddresses {
  const { access, service, onChange } = options;
  const [namespace = '', name = ''] = service.split('/');
  const http = createKubeHttp(access);
  let addresses: readonly string[] = [];
  let isKnown = false;
  const reflector = new Reflector({
    ...options,
    http,
    selection: { kind: 'Service', namespace, fieldSelector: `metadata.name=${name}` },
    isOptional: true,
    onChange(change) {
      addresses = change.kind === 'set' ? serviceAddresses(change.object) : [];
      if (isKnown) onChange();
    },
  });
  void reflector.synced.then(() => {
    isKnown = true;
    onChange();
  });
  return {
    read: () => Promise.resolve(isKnown ? addresses : undefined),
    async close() {
      await reflector.close();
      http.close();
    },
  };
}
