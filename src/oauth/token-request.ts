/** The token request of the client-credentials grant (RFC 6749, sections 2.3.1 and 4.4.2). */

import type { ExchangeRequest } from '../authz/ports.ts';
import { Redacted } from '../model/redacted.ts';
import type { ClientCredentialsPlan } from '../model/table.ts';
import type { ProviderRequest } from './provider-http.ts';

export function tokenRequest(
  endpoint: string,
  grant: ClientCredentialsPlan,
  request: ExchangeRequest,
): ProviderRequest {
  const { timeoutMs, ca, clientCertificate } = request.plan.provider;
  return {
    method: 'POST',
    url: endpoint,
    headers: {
      ...Object.fromEntries(grant.headers.map(({ name, value }) => [name.toLowerCase(), value])),
      ...(grant.tokenEndpointAuthMethod === 'client_secret_basic' && { authorization: basic(request) }),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new Redacted(formBody(grant, request).toString()),
    timeoutMs,
    tls: { ca, clientCertificate },
  };
}

/**
 * No parameter is sent twice (section 3.2) but `resource` (RFC 8707, section 2); what the caller chose replaces what the
 * policy says.
 */
function formBody(grant: ClientCredentialsPlan, request: ExchangeRequest): URLSearchParams {
  const form = new URLSearchParams();
  if (grant.audience !== undefined) form.set('audience', grant.audience);
  if (grant.scopes.length > 0) form.set('scope', grant.scopes.join(' '));
  if (grant.organization !== undefined) form.set('organization', grant.organization);
  for (const { name, value } of grant.parameters) form.append(name, value);
  for (const { name, value } of request.callerParameters) form.set(name, value);
  // Last, so that no parameter of a policy or caller can stand in their place.
  form.set('grant_type', 'client_credentials');
  if (grant.tokenEndpointAuthMethod === 'client_secret_basic') {
    form.delete('client_id');
    form.delete('client_secret');
  } else {
    form.set('client_id', request.clientId);
    form.set('client_secret', request.clientSecret.reveal());
  }
  return form;
}

/** Section 2.3.1: both are form-encoded (Appendix B) before they are joined. */
function basic({ clientId, clientSecret }: ExchangeRequest): string {
  const credentials = `${formEncode(clientId)}:${formEncode(clientSecret.reveal())}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
