/** The zod schema of `OIDCPolicy.spec`: the one source of the decoder, the CRD and `docs/reference/policy.md`. */

import { z } from 'zod';

import { allowedNamespaces } from './allowed-namespaces.ts';
import { clientCredentials } from './client-credentials.ts';
import { list, patterned, withCel } from './fields.ts';
import { provider } from './provider.ts';
import { exemption, requirements, rule } from './requirements.ts';
import { cache, upstream, verification } from './tokens.ts';

const limits = z
  .strictObject({
    failuresPerMinute: z
      .int()
      .min(1)
      .max(1000)
      .describe(
        'Refused exchanges per client ID and source address (of IPv6 its /64) before 429 without asking the provider, for the rest of the minute. Until then the right secret gets 429 from that address too, unless its token is cached.',
      )
      .default(10),
    exchangesPerMinute: z
      .int()
      .min(1)
      .max(100_000)
      .describe(
        'Exchanges per client ID, over all routes of the policy; those with a wrong secret count until they are answered only. Default: no limit.',
      )
      .optional(),
  })
  .describe('Limits per caller. A cached good token is never affected.');

const realm = patterned('Realm of the challenge. Default: name of the policy.', {
  source: '^[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]+$',
  max: 128,
  message: 'must be printable ASCII without " and \\',
});

const GRANT_MESSAGE = 'clientCredentials, bearer or both must be set';

/** `OIDCPolicy.spec`, strict: an unknown field is a fault, never ignored. */
export const policySpecSchema = withCel(
  z
    .strictObject({
      provider,
      clientCredentials: clientCredentials.optional(),
      bearer: z
        .strictObject({})
        .describe('Callers that already hold a token may send `Authorization: Bearer`. `{}` means on.')
        .optional(),
      require: requirements.default({ scopes: [], claims: [], clients: [] }),
      rules: list(rule, 'The first rule that matches a request adds its requirements.', 32).default([]),
      verification: verification.default({
        algorithms: ['RS256'],
        clockTolerance: '30s',
        bindClient: true,
      }),
      cache: cache.default({ refreshBefore: '1m', rejectedTtl: '10s', forbiddenTtl: '60s' }),
      upstream: upstream.default({ token: 'Bearer', claimHeaders: [], hideCredentials: true }),
      exempt: list(exemption, 'Requests that are let through without a token.', 32).default([]),
      exemptPreflight: z
        .boolean()
        .describe(
          'CORS preflight (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) is let through without a token.',
        )
        .default(true),
      transport: z
        .enum(['Any', 'TlsOnly'])
        .describe('`TlsOnly`: refuse credentials that came in clear text.')
        .default('Any'),
      limits: limits.default({ failuresPerMinute: 10 }),
      mode: z
        .enum(['Enforce', 'DryRun'])
        .describe('`DryRun`: decide, count and log, let the request through.')
        .default('Enforce'),
      realm: realm.optional(),
      allowedNamespaces: allowedNamespaces.default({ from: 'Same' }),
    })
    .refine((spec) => spec.clientCredentials !== undefined || spec.bearer !== undefined, {
      error: GRANT_MESSAGE,
    })
    .describe('What the gateway asks of a caller, and of the provider on behalf of the caller.'),
  { rule: 'has(self.clientCredentials) || has(self.bearer)', message: GRANT_MESSAGE },
);

/** A decoded spec with every default applied. */
export type PolicySpec = z.output<typeof policySpecSchema>;
