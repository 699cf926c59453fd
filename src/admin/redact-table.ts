/** The routing table as a debug page may show it. */

import type { RouteOptions } from '../model/route-options.ts';
import type { NameValue, PolicyPlan, RoutingTable } from '../model/table.ts';

const HIDDEN = '[redacted]';

/**
 * Values of token-request parameters and headers may be keys of the provider, and those of request headers keys of a
 * service; certificates are told by digest.
 */
export function redactTable(table: RoutingTable): unknown {
  return {
    ...table,
    plans: Object.fromEntries(Object.entries(table.plans).map(([key, plan]) => [key, redactPlan(plan)])),
    options: Object.fromEntries(
      Object.entries(table.options).map(([key, options]) => [key, redactOptions(options)]),
    ),
    certificates: Object.fromEntries(
      Object.entries(table.certificates).map(([key, { chain: _chain, notBeforeMs, notAfterMs, ...rest }]) => [
        key,
        {
          ...rest,
          notBefore: new Date(notBeforeMs).toISOString(),
          notAfter: new Date(notAfterMs).toISOString(),
        },
      ]),
    ),
  };
}

function redactPlan(plan: PolicyPlan): PolicyPlan {
  const { clientCredentials } = plan;
  if (clientCredentials === undefined) return plan;
  return {
    ...plan,
    clientCredentials: {
      ...clientCredentials,
      parameters: clientCredentials.parameters.map(hideValue),
      headers: clientCredentials.headers.map(hideValue),
    },
  };
}

function redactOptions(options: RouteOptions): RouteOptions {
  const { set, remove } = options.requestHeaders;
  return { ...options, requestHeaders: { set: set.map(hideValue), remove } };
}

function hideValue({ name }: NameValue): NameValue {
  return { name, value: HIDDEN };
}
