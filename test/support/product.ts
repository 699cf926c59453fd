/** The product on a real API server: what its users apply, and the rights that its gateway has by that. */

import { readFileSync } from 'node:fs';

import type { ApiServer } from './api-server.ts';
import { startGateway, type Gateway } from './gateway.ts';

export const CRD = manifest('crds/oidcpolicies.oidc-ingress.io.yaml');
export const RBAC = manifest('deploy/rbac.yaml');
const INGRESS_CLASS = manifest('deploy/ingress-class.yaml');

function manifest(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** Applies what a gateway needs but its workload, and makes the namespace `shop`. */
export async function installProduct(api: ApiServer): Promise<void> {
  for (const text of [RBAC, CRD, INGRESS_CLASS]) await api.apply(text);
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
}

/** A token of the gateway's service account. */
export function tokenOfProduct(api: ApiServer): Promise<string> {
  return api.tokenFor('oidc-ingress', 'oidc-ingress');
}

/** Writes a kubeconfig with no more rights than {@link RBAC} gives. @returns its path. */
export async function kubeconfigOfProduct(api: ApiServer): Promise<string> {
  return await api.kubeconfigFor(await tokenOfProduct(api));
}

/** A gateway with these rights, as a pod of the product. */
export async function startProduct(api: ApiServer, ...flags: readonly string[]): Promise<Gateway> {
  const kubeconfig = await kubeconfigOfProduct(api);
  return await startGateway([`--kubeconfig=${kubeconfig}`, '--pod-namespace=oidc-ingress', ...flags]);
}
