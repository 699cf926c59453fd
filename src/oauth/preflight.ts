/** Looks at the provider of a policy before anyone depends on it: what `check` prints. */

import type { Redacted } from '../model/redacted.ts';
import type { PolicyPlan } from '../model/table.ts';
import { discoveryRequest, discoveryUrl, processDiscoveryResponse, withoutMember } from './discovery.ts';
import { jwksRequest, processJwksResponse } from './jwks.ts';
import { judgeProvider, providerWarnings, type Finding, type ProviderView } from './provider-findings.ts';
import { createProviderHttp, type NetworkRules, type ProviderHttp } from './provider-http.ts';

export interface PreflightOptions {
  readonly network: NetworkRules;
  /** PEM private key of a client certificate, by `namespace/name` of its Secret. */
  readonly providerKey: (secret: string) => Redacted<string> | undefined;
}

/** Asks for metadata and keys, never for a token. Never rejects. */
export async function preflight(plan: PolicyPlan, options: PreflightOptions): Promise<readonly Finding[]> {
  const http = createProviderHttp(options.network, options.providerKey);
  try {
    const view = await viewProvider(plan, http);
    return [
      ...discoveryFindings(plan, view),
      judgement(plan, view),
      ...providerWarnings(plan, view).map(({ reason, message }): Finding => ({
        level: 'warning',
        reason,
        message,
      })),
    ];
  } finally {
    await http.close();
  }
}

async function viewProvider(
  { provider, clientCredentials }: PolicyPlan,
  http: ProviderHttp,
): Promise<ProviderView> {
  const needsDiscovery =
    provider.jwksUri === undefined ||
    (provider.tokenEndpoint === undefined && clientCredentials !== undefined);
  const discovered = needsDiscovery
    ? processDiscoveryResponse(provider.issuer, await http.send(discoveryRequest(provider)))
    : undefined;
  if (discovered?.kind === 'fault') return { metadata: undefined, keySet: undefined, fault: discovered };
  const metadata = discovered?.value;
  const jwksUri = provider.jwksUri ?? metadata?.jwksUri;
  if (jwksUri === undefined)
    return { metadata, keySet: undefined, fault: withoutMember('jwks_uri', provider.issuer) };
  const keys = processJwksResponse(jwksUri, await http.send(jwksRequest(provider, jwksUri)));
  if (keys.kind === 'fault') return { metadata, keySet: undefined, fault: keys };
  return { metadata, keySet: keys.value, fault: undefined };
}

function discoveryFindings({ provider }: PolicyPlan, { metadata }: ProviderView): readonly Finding[] {
  if (metadata === undefined) return [];
  return [
    { level: 'ok', reason: 'Discovered', message: `${discoveryUrl(provider.issuer)} names its endpoints` },
  ];
}

function judgement(plan: PolicyPlan, view: ProviderView): Finding {
  const { status, reason, message } = judgeProvider(plan, view);
  return { level: status === 'True' ? 'ok' : 'error', reason, message };
}
