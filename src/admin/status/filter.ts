/** Narrows a status down to what mentions a text: a host, an Ingress, a policy, a client. */

import type { HostStatus, RouteStatus } from './routes.ts';
import type { Status } from './status.ts';

/** Upper and lower case are alike; an empty text keeps everything. Counts over time are left as they are. */
export function filterStatus(status: Status, text: string): Status {
  const wanted = text.toLowerCase();
  if (wanted === '') return status;
  const mentions = (...texts: readonly (string | undefined)[]): boolean =>
    texts.some((candidate) => candidate?.toLowerCase().includes(wanted));
  const isWanted = ({ path, state, cause, policy, ingress, backend }: RouteStatus): boolean =>
    mentions(path, state, cause, policy, ingress, backend);
  const { activity, defaultRoute } = status;
  return {
    ...status,
    problems: status.problems.filter(({ reason, object, field, message }) =>
      mentions(reason, object, field, message),
    ),
    hosts: status.hosts.flatMap((host) => narrowHost(host, mentions(host.host), isWanted)),
    defaultRoute: defaultRoute !== undefined && isWanted(defaultRoute) ? defaultRoute : undefined,
    policies: status.policies.filter(({ policy, issuer }) => mentions(policy, issuer)),
    certificates: status.certificates.filter(({ secret, names }) => mentions(secret, ...names)),
    activity: {
      ...activity,
      refusals: activity.refusals.filter(({ reason, clientId, host, policy }) =>
        mentions(reason, clientId, host, policy),
      ),
    },
  };
}

function narrowHost(
  host: HostStatus,
  isWhole: boolean,
  isWanted: (route: RouteStatus) => boolean,
): readonly HostStatus[] {
  if (isWhole) return [host];
  const routes = host.routes.filter(isWanted);
  return routes.length === 0 ? [] : [{ ...host, routes }];
}
