/** OpenID Connect Discovery: where the endpoints of an issuer are. */

import { z } from 'zod';

import type { ProviderSettings } from '../model/table.ts';
import type { ProviderReply, ProviderRequest } from './provider-http.ts';

export interface ProviderMetadata {
  readonly tokenEndpoint: string | undefined;
  /** For who shows a certificate (RFC 8705, section 5); `undefined`: the same. */
  readonly mtlsTokenEndpoint: string | undefined;
  readonly jwksUri: string | undefined;
  /** `grant_types_supported`; `undefined` where the provider does not say. */
  readonly grantTypes: readonly string[] | undefined;
  /** `token_endpoint_auth_methods_supported`; `undefined` where the provider does not say. */
  readonly authMethods: readonly string[] | undefined;
}

/** Why a document of a provider cannot be used. */
export interface ProviderFault {
  readonly kind: 'fault';
  readonly reason: 'DiscoveryFailed' | 'IssuerMismatch' | 'NoKeys' | 'UnsupportedAlgorithm';
  /** The provider is down, rather than set up in a way that no wait will cure. */
  readonly isOutage: boolean;
  /** Lowercase, for a person who can mend it. */
  readonly message: string;
}

export type Discovered = { readonly kind: 'document'; readonly value: ProviderMetadata } | ProviderFault;

const url = z.string().min(1).max(2048).optional();

const words = z.array(z.string()).optional().catch(undefined);

const metadataSchema = z.object({
  issuer: z.string().max(2048),
  token_endpoint: url,
  jwks_uri: url,
  grant_types_supported: words,
  token_endpoint_auth_methods_supported: words,
  mtls_endpoint_aliases: z.object({ token_endpoint: url }).optional().catch(undefined),
});

/** OpenID Connect Discovery 1.0, section 4: a trailing slash of the issuer is removed first. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

export function discoveryRequest(provider: ProviderSettings): ProviderRequest {
  const { issuer, timeoutMs, ca, clientCertificate } = provider;
  return {
    method: 'GET',
    url: discoveryUrl(issuer),
    headers: {},
    body: undefined,
    timeoutMs,
    tls: { ca, clientCertificate },
  };
}

/** Section 4.3: `issuer` must be exactly the one that was asked for. */
export function processDiscoveryResponse(issuer: string, reply: ProviderReply): Discovered {
  const fault = (message: string, isOutage = false): ProviderFault => ({
    kind: 'fault',
    reason: 'DiscoveryFailed',
    isOutage,
    message: `${discoveryUrl(issuer)}: ${message}`,
  });
  if (reply.kind === 'failure') return fault(reply.message, reply.cause !== 'setup');
  if (reply.status !== 200) return fault(answered(reply.status), isOutageStatus(reply.status));
  if (reply.json === undefined) return fault('did not answer with JSON');
  const parsed = metadataSchema.safeParse(reply.json);
  if (!parsed.success) return fault('is not a discovery document');
  const { issuer: found, ...metadata } = parsed.data;
  if (found !== issuer) return { ...fault(mismatch(issuer, found)), reason: 'IssuerMismatch' };
  return {
    kind: 'document',
    value: {
      tokenEndpoint: metadata.token_endpoint,
      mtlsTokenEndpoint: metadata.mtls_endpoint_aliases?.token_endpoint,
      jwksUri: metadata.jwks_uri,
      grantTypes: metadata.grant_types_supported,
      authMethods: metadata.token_endpoint_auth_methods_supported,
    },
  };
}

/** A document that is valid but of no use. */
export function withoutMember(member: 'jwks_uri' | 'token_endpoint', issuer: string): ProviderFault {
  const field = member === 'jwks_uri' ? 'jwksUri' : 'tokenEndpoint';
  const message = `${discoveryUrl(issuer)} holds no ${member}: set spec.provider.${field}`;
  return { kind: 'fault', reason: 'DiscoveryFailed', isOutage: false, message };
}

/** What a status other than 200 means. */
export function answered(status: number): string {
  const isRedirect = status >= 300 && status < 400;
  return `answered ${status}${isRedirect ? ', and redirects are not followed' : ''}`;
}

export function isOutageStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

function mismatch(issuer: string, found: string): string {
  const foundUrl = URL.parse(found);
  if (foundUrl === null) return 'states an issuer that is not a URL';
  if (found === `${issuer}/` || issuer === `${found}/`) {
    return `spec.provider.issuer must be "${found}", with the same slash at the end; found "${issuer}"`;
  }
  return foundUrl.host === URL.parse(issuer)?.host
    ? `spec.provider.issuer must be "${found}", found "${issuer}"`
    : `the provider calls itself "${found}", not "${issuer}": name the domain that issues the tokens`;
}
