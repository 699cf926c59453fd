/** To which namespace a host belongs, where hosts belong to one: nobody sets a trap for credentials on a neighbour's host. */

import type { IngressObject } from '../model/objects.ts';
import { parseHost, wantedHost } from './hosts.ts';
import { memoizeByObject } from './memoize.ts';
import type { OwnIngress } from './own-ingresses.ts';
import type { Cause } from './problem-list.ts';
import type { CompileOptions } from './result.ts';

export interface HostOwners {
  /** Why `namespace` may not use `host`; `undefined` where it may. */
  fault(host: string, namespace: string): Cause | undefined;
}

const EVERYONE: HostOwners = { fault: () => undefined };

/** `ingresses`: who wins conflicts first. Those that serve beside the routes of others claim no host. */
export function findHostOwners(
  ingresses: readonly OwnIngress[],
  { hostOwnership }: Pick<CompileOptions, 'hostOwnership'>,
): HostOwners {
  return hostOwnership === 'none' ? EVERYONE : ownersAmong(ingresses);
}

const ownersAmong = memoizeByObject((ingresses: readonly OwnIngress[]): HostOwners => {
  const claims = new Map<string, { readonly namespace: string; readonly rank: number }>();
  ingresses.forEach(({ meta: { namespace }, value, isCanary }, rank) => {
    if (isCanary) return;
    for (const host of claimedHosts(value)) {
      if (!claims.has(host)) claims.set(host, { namespace, rank });
    }
  });
  return {
    fault(host, namespace) {
      const own = claims.get(host);
      // Whoever had the wildcard first had every host under it: a younger exact rule would take its callers away.
      const wider = claims.get(wildcardOver(host));
      const first = wider !== undefined && wider.rank < (own?.rank ?? Infinity) ? wider : own;
      if (first === undefined || first.namespace === namespace) return undefined;
      const what = host === '' ? 'requests for any host belong' : `${host} belongs`;
      return { reason: 'HostOwnedByOther', message: `${what} to namespace ${first.namespace}` };
    },
  };
});

function claimedHosts({ rules, defaultBackend }: IngressObject): readonly string[] {
  const hosts = rules.flatMap(({ host }) => wantedHost(parseHost(host)) ?? []);
  return defaultBackend === undefined ? hosts : [...hosts, ''];
}

/** Of `a.example.com`: `*.example.com`. A wildcard and any host have none over them. */
function wildcardOver(host: string): string {
  return host === '' || host.startsWith('*.') ? '*' : `*${host.slice(host.indexOf('.'))}`;
}
