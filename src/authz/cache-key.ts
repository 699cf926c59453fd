/** Derives the keys under which tokens are cached: equal exactly for equal questions to the provider. */

import { hash } from 'node:crypto';

import type { Redacted } from '../model/redacted.ts';
import type { NameValue, PolicyPlan } from '../model/table.ts';

export interface CacheKeys {
  forClient(
    plan: PolicyPlan,
    clientId: string,
    clientSecret: Redacted<string>,
    callerParameters: readonly NameValue[],
  ): string;
  forBearer(plan: PolicyPlan, token: Redacted<string>): string;
  /** Not the key of a token: by it a line of Authorization is known again that must not be kept. */
  forLine(line: string): string;
}

/**
 * The keys of one thread: SHA-256, base64url, over `pepper`, what the plan asks of the provider, and the credentials.
 * What a policy requires of a token and how it forwards is no part: policies with the same token request share.
 *
 * @param pepper random per process, so that a key that leaks says nothing about a secret
 */
export function createCacheKeys(pepper: Uint8Array): CacheKeys {
  const secretPrefix = Buffer.from(pepper).toString('base64url');
  const questions = new WeakMap<PolicyPlan, string>();

  /** Digested once per plan, so that a request computes one digest, over a short text. */
  function prefixOf(plan: PolicyPlan): string {
    let prefix = questions.get(plan);
    if (prefix === undefined) {
      prefix = secretPrefix + digest(JSON.stringify(providerQuestion(plan)));
      questions.set(plan, prefix);
    }
    return prefix;
  }

  return {
    forClient(plan, clientId, clientSecret, callerParameters) {
      let text = `${prefixOf(plan)}client${part(clientId)}${part(clientSecret.reveal())}`;
      for (const { name, value } of callerParameters) text += part(name) + part(value);
      return digest(text);
    },
    // Of latin1, which is always well-formed.
    forLine: (line) => hash('sha256', `${secretPrefix}line${line}`, 'base64url'),
    forBearer: (plan, token) => digest(`${prefixOf(plan)}bearer${part(token.reveal())}`),
  };
}

/** Preceded by its length, so that no two lists of parts give the same text. */
function part(text: string): string {
  return `${text.length}:${text}`;
}

/** UTF-8 has no form for a lone surrogate: two texts that differ in one would share a key. */
function digest(text: string): string {
  return hash('sha256', text.isWellFormed() ? text : Buffer.from(text, 'utf16le'), 'base64url');
}

/** Everything that decides which token the provider issues, and whether and for how long it is believed. */
function providerQuestion(plan: PolicyPlan): readonly unknown[] {
  const { provider, clientCredentials: grant, verification, cache } = plan;
  return [
    provider.issuer,
    provider.tokenEndpoint,
    provider.jwksUri,
    provider.additionalIssuers,
    provider.ca,
    provider.clientCertificate?.digest,
    grant && [
      grant.audience,
      grant.scopes,
      grant.organization,
      pairs(grant.parameters),
      pairs(grant.headers),
      grant.tokenEndpointAuthMethod,
    ],
    [verification.algorithms, verification.clockToleranceSeconds, verification.bindClient],
    [
      cache.maxTtlMs,
      cache.revalidateAfterMs,
      cache.refreshBeforeMs,
      cache.rejectedTtlMs,
      cache.forbiddenTtlMs,
    ],
  ];
}

function pairs(list: readonly NameValue[]): readonly (readonly string[])[] {
  return list.map(({ name, value }) => [name, value]);
}
