/** `spec.verification`, `spec.cache` and `spec.upstream`: how tokens are checked, kept and passed on. */

import { z } from 'zod';

import { duration, list, listByHeader, text, wordSet } from './fields.ts';
import { ownHeaderName, ownHeaderNameWithoutCel } from './reserved-names.ts';

export const verification = z
  .strictObject({
    algorithms: wordSet(
      'Accepted signature algorithms. `EdDSA` is the one over Ed25519, whichever of the two names a token has (RFC 9864).',
      ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'],
    ).default(['RS256']),
    clockTolerance: duration('Tolerated clock difference to the provider.', { min: '0s', max: '5m' }).default(
      '30s',
    ),
    bindClient: z
      .boolean()
      .describe(
        'The client of the token (`client_id`, else `azp`, else `sub` without `@clients`) must be the client ID that was presented.',
      )
      .default(true),
  })
  .describe('How tokens are verified.');

export const cache = z
  .strictObject({
    maxTtl: duration('Cap on how long a token is used. Default: its lifetime.', {
      min: '1s',
      max: '720h',
    }).optional(),
    revalidateAfter: duration(
      'Cap on how long a client secret is trusted without asking the provider again. Default: the lifetime of the token.',
      { min: '1s', max: '720h' },
    ).optional(),
    refreshBefore: duration(
      'Window before expiry in which the token is refreshed in the background; never more than a quarter of its lifetime.',
      { min: '0s', max: '1h' },
    ).default('1m'),
    // Under the 30 seconds within which Auth0 takes up a rotated secret.
    rejectedTtl: duration('How long a refused secret stays refused without asking again. 0s: off.', {
      min: '0s',
      max: '29s',
    }).default('10s'),
    forbiddenTtl: duration('How long a missing grant stays refused without asking again. 0s: off.', {
      min: '0s',
      max: '1h',
    }).default('60s'),
  })
  .describe('How long tokens and refusals are kept.');

const tokenPlacement = z
  .union(
    [
      z.enum(['Bearer', 'None']),
      z.strictObject({ header: ownHeaderNameWithoutCel('Header that carries the bare token.') }),
    ],
    { error: 'must be Bearer, None or {header: NAME}' },
  )
  .describe(
    'How the token reaches the upstream: `Bearer` (`Authorization: Bearer`), `{header: NAME}`, or `None`.',
  );

const claimHeader = z.strictObject({
  header: ownHeaderName('Name of the header. A copy that the caller sends never gets through.'),
  claim: list(text('One step into nested claims.'), 'Path of the claim, one entry for each level.', 8).min(1),
});

export const upstream = z
  .strictObject({
    token: tokenPlacement.default('Bearer'),
    claimHeaders: listByHeader(
      claimHeader,
      'Claims sent as headers; lists are joined by `,`; an absent claim removes the header.',
      { field: 'header', max: 32 },
    ).default([]),
    hideCredentials: z
      .boolean()
      .describe('The credentials of the caller never reach the upstream, in header, query or body.')
      .default(true),
  })
  .describe('What the upstream gets.');
