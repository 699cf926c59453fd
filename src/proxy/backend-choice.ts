/** Which backend takes a request: that of its route, or a canary. */

import { chooseCanary } from '../http/canaries.ts';
import type { BackendKey, RouteAction } from '../model/table.ts';
import type { ProxyContext } from './context.ts';
import type { Transaction } from './transaction.ts';

type Forward = Extract<RouteAction, { readonly kind: 'forward' }>;

export function chooseBackend(context: ProxyContext, transaction: Transaction, action: Forward): BackendKey {
  const { backend, canaries } = action;
  if (canaries.length === 0) return backend;
  const { rawHeaders } = transaction.fields;
  // Who was served by one backend stays with it: chance decides about a session once.
  const kept = keptBackend(context, transaction, action);
  const drawn = canaries.filter(({ when }) => kept === undefined || when.kind === 'header');
  return chooseCanary(drawn, rawHeaders, context.random())?.backend ?? kept ?? backend;
}

/** The backend of the endpoint that the cookie of session affinity names. */
function keptBackend(
  { affinity, backends }: ProxyContext,
  { settings, fields }: Transaction,
  { backend, canaries }: Forward,
): BackendKey | undefined {
  const sessionAffinity = settings?.options.sessionAffinity;
  if (sessionAffinity === undefined) return undefined;
  const drawn = canaries.filter(({ when }) => when.kind === 'weight' && when.percent > 0);
  return [backend, ...drawn.map((canary) => canary.backend)].find((key) => {
    const balancer = backends.find(key);
    return balancer && affinity.endpointFor(balancer, sessionAffinity, fields.rawHeaders);
  });
}
