/** Which providers the process allows policies to name. */

import type { PolicySpec } from '../policy/schema.ts';
import type { Cause, Report } from './problem-list.ts';
import { quote } from './quote.ts';
import type { ProviderOptions } from './result.ts';

interface NamedUrl {
  readonly field: string;
  readonly url: string;
}

/** Reports every URL that cannot be used or that the process does not allow. */
export function checkProviderUrls(
  provider: PolicySpec['provider'],
  options: ProviderOptions,
  report: Report,
): void {
  const issuer = { field: 'spec.provider.issuer', url: provider.issuer };
  const endpoints = endpointsOf(provider);
  for (const { field, url } of [issuer, ...endpoints]) {
    const cause = urlFault(url, options);
    if (cause !== undefined) report(field, cause);
  }
  if (options.allowedIssuers.length === 0) return;
  const additional = provider.additionalIssuers.map((url, index) => ({
    field: `spec.provider.additionalIssuers[${index}]`,
    url,
  }));
  for (const { field, url } of [issuer, ...additional]) {
    if (!options.allowedIssuers.includes(url)) report(field, notAllowed(url, 'must be one'));
  }
  // An endpoint elsewhere would take secrets, and give keys, in the name of an issuer that is allowed.
  const origins = new Set(options.allowedIssuers.map((url) => URL.parse(url)?.origin));
  for (const { field, url } of endpoints) {
    if (!origins.has(URL.parse(url)?.origin)) report(field, notAllowed(url, 'must have the origin of one'));
  }
}

function endpointsOf({ tokenEndpoint, jwksUri }: PolicySpec['provider']): readonly NamedUrl[] {
  const endpoints: NamedUrl[] = [];
  if (tokenEndpoint !== undefined)
    endpoints.push({ field: 'spec.provider.tokenEndpoint', url: tokenEndpoint });
  if (jwksUri !== undefined) endpoints.push({ field: 'spec.provider.jwksUri', url: jwksUri });
  return endpoints;
}

function urlFault(url: string, { allowInsecureIssuers }: ProviderOptions): Cause | undefined {
  const found = quote(url);
  const parsed = URL.parse(url);
  if (parsed === null) return { reason: 'InvalidObject', message: `${found} must be a URL` };
  if (parsed.protocol === 'https:' || allowInsecureIssuers) return undefined;
  return {
    reason: 'InsecureIssuer',
    message: `${found} must use https; only --allow-insecure-issuers permits http`,
  };
}

function notAllowed(url: string, expectation: string): Cause {
  return {
    reason: 'IssuerNotAllowed',
    message: `${quote(url)} ${expectation} of --allowed-issuers`,
  };
}
