/** Specs of OIDCPolicy to build cases from: the smallest useful one, changed in one place. */

/** The issuer of every case that is not about it. */
export const provider = { issuer: 'https://acme.eu.auth0.com/' };
export const clientCredentials = { audience: 'https://orders.example.com/' };

/** The smallest useful policy, changed at the top level. */
export const policy = (change: object): object => ({ provider, clientCredentials, ...change });
export const withProvider = (change: object): object => policy({ provider: { ...provider, ...change } });
export const withGrant = (change: object): object =>
  policy({ clientCredentials: { ...clientCredentials, ...change } });
export const withClaim = (claim: object): object =>
  policy({ require: { claims: [{ path: ['org_id'], operator: 'Exists', ...claim }] } });
export const withCaller = (change: object): object =>
  withGrant({
    callerParameters: [{ name: 'organization', from: { header: 'X-Org' }, allowed: ['org_1'], ...change }],
  });

/** A string of `count` characters. */
export const characters = (count: number): string => 'a'.repeat(count);
/** A list of `count` times the same entry. */
export const times = <T>(count: number, entry: T): readonly T[] => Array.from({ length: count }, () => entry);
