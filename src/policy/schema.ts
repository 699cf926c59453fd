/** The zod schema of `OIDCPolicy.spec`: the one source of the decoder, the CRD and `docs/reference/policy.md`. */

import { z } from 'zod';

import {
  SCOPE_PATTERN,
  duration,
  headerName,
  list,
  objectName,
  ownHeaderName,
  parameterName,
  callerParameterName,
  wordSet,
  text,
  withCel,
  type CelRule,
} from './fields.ts';

const ISSUER_RULES: readonly (CelRule & { readonly holds: (issuer: string) => boolean })[] = [
  {
    rule: "!self.contains('/.well-known/')",
    message:
      'must be the issuer itself, not its discovery document: write the part before /.well-known/ (Auth0: https://TENANT.REGION.auth0.com/)',
    holds: (issuer) => !issuer.includes('/.well-known/'),
  },
  {
    rule: "!self.contains('?') && !self.contains('#') && !self.contains('@')",
    message: 'must hold no query, fragment or user name',
    holds: (issuer) => !/[?#@]/.test(issuer),
  },
];

/** Host name or bracketed address, port, path; printable ASCII only, so that RE2 and JavaScript agree. */
const ORIGIN_PATTERN =
  'https?://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?';

const ISSUER_MESSAGE = 'must be a URL such as https://TENANT.REGION.auth0.com/';

function issuerUrl(description: string): z.ZodString {
  let schema = z
    .string()
    .min(1)
    .max(2048)
    .regex(new RegExp(`^${ORIGIN_PATTERN}(/[!-~]*)?$`), { error: ISSUER_MESSAGE });
  for (const { holds, message } of ISSUER_RULES) schema = schema.refine(holds, { error: message });
  return withCel(
    schema.describe(description),
    // The pattern says so too, but its message is a regular expression.
    { rule: "self.startsWith('https://') || self.startsWith('http://')", message: ISSUER_MESSAGE },
    ...ISSUER_RULES.map(({ rule, message }) => ({ rule, message })),
  );
}

function endpointUrl(description: string): z.ZodString {
  return z
    .string()
    .min(1)
    .max(2048)
    .regex(new RegExp(`^${ORIGIN_PATTERN}(/[!"$-~]*)?$`), {
      error: 'must be a URL such as https://TENANT.REGION.auth0.com/oauth/token',
    })
    .describe(description);
}

function keyRef(description: string) {
  return z
    .strictObject({
      name: objectName('Name of the object, in the namespace of the policy.'),
      key: text('Key within `data`.', 253),
    })
    .describe(description)
    .optional();
}

const provider = z
  .strictObject({
    issuer: issuerUrl('Exact issuer URL, as the `iss` claim holds it. The issuer of Auth0 ends with `/`.'),
    tokenEndpoint: endpointUrl('Token endpoint, instead of the one from discovery.').optional(),
    jwksUri: endpointUrl(
      'JWKS URL, instead of the one from discovery. With `tokenEndpoint` also set, no discovery is made.',
    ).optional(),
    additionalIssuers: list(
      issuerUrl('An accepted `iss` value.'),
      'Further accepted `iss` values, for custom-domain migrations.',
      8,
    ).default([]),
    timeout: duration('Deadline of one call to the provider.', { min: '100ms', max: '60s' }).default('5s'),
    ca: withCel(
      z
        .strictObject({
          secretRef: keyRef('Where it is in a Secret.'),
          configMapRef: keyRef('Where it is in a ConfigMap.'),
        })
        .refine((ca) => (ca.secretRef === undefined) !== (ca.configMapRef === undefined), {
          error: 'must hold exactly one of secretRef and configMapRef',
        })
        .describe(
          'PEM bundle of the authorities that may sign the certificate of the provider. Default: system roots.',
        ),
      {
        rule: 'has(self.secretRef) != has(self.configMapRef)',
        message: 'must hold exactly one of secretRef and configMapRef',
      },
    ).optional(),
    clientCertificate: z
      .strictObject({
        secretRef: z
          .strictObject({
            name: objectName('Name of a Secret of type `kubernetes.io/tls`, in the namespace of the policy.'),
          })
          .describe('Where certificate and key are.'),
      })
      .describe('Client certificate for mutual TLS with the provider.')
      .optional(),
  })
  .describe('The OpenID provider that issues the tokens.');

const parameter = z.strictObject({
  name: parameterName('Name of the parameter.'),
  value: text('Value of the parameter.', 2048, 0),
});

const CALLER_PARAMETER_MESSAGE = 'must hold exactly one of header and query';

const callerParameter = z.strictObject({
  name: callerParameterName('Name of the token-request parameter.'),
  from: withCel(
    z
      .strictObject({
        header: headerName('Request header that holds the value.').optional(),
        query: text('Query parameter that holds the value.', 64).optional(),
      })
      .refine((from) => (from.header === undefined) !== (from.query === undefined), {
        error: CALLER_PARAMETER_MESSAGE,
      })
      .describe('Where the caller puts the value.'),
    { rule: 'has(self.header) != has(self.query)', message: CALLER_PARAMETER_MESSAGE },
  ),
  allowed: list(text('A value that callers may choose.', 256), 'The values that callers may choose.', 64).min(
    1,
  ),
});

const CREDENTIAL_SOURCES = ['Basic', 'Query', 'Body'] as const;

const PARAMETER_NAMES_MESSAGE = 'clientId and clientSecret must differ';

const clientCredentials = z
  .strictObject({
    audience: text(
      'Sent as `audience` in the token request (Auth0: the API Identifier), and required in `aud` of the token.',
      2048,
    ).optional(),
    scopes: list(
      z
        .string()
        .max(128)
        .regex(/^[!#-[\]-~]+$/, { error: 'must be one scope token, without spaces (RFC 6749, section 3.3)' }),
      'Sent as `scope`.',
    ).default([]),
    organization: text('Sent as `organization`.', 128).optional(),
    parameters: list(parameter, 'Further parameters of the token request.', 16).default([]),
    headers: list(
      z.strictObject({
        name: ownHeaderName('Name of the header.'),
        value: z
          .string()
          .max(2048)
          .regex(/^[\t\x20-\x7e]*$/, { error: 'must be printable ASCII' })
          .describe('Value of the header.'),
      }),
      'Headers of the token request.',
      16,
    ).default([]),
    callerParameters: list(
      callerParameter,
      'Token-request parameters that the caller may choose from an allow-list.',
      8,
    ).default([]),
    sources: wordSet(
      'Where callers may put their credentials: `Basic` (RFC 7617), `Query`, `Body` (form or JSON object, at most 64 KiB).',
      CREDENTIAL_SOURCES,
    ).default(['Basic']),
    parameterNames: withCel(
      z
        .strictObject({
          clientId: text('Name of the parameter that holds the client ID.', 64).default('client_id'),
          clientSecret: text('Name of the parameter that holds the client secret.', 64).default(
            'client_secret',
          ),
        })
        .refine((names) => names.clientId !== names.clientSecret, { error: PARAMETER_NAMES_MESSAGE }),
      { rule: 'self.clientId != self.clientSecret', message: PARAMETER_NAMES_MESSAGE },
    )
      .describe('Names of the parameters in query and body.')
      .default({ clientId: 'client_id', clientSecret: 'client_secret' }),
    tokenEndpointAuthMethod: z
      .enum(['client_secret_post', 'client_secret_basic'])
      .describe('How the gateway presents the credentials at the token endpoint (RFC 6749, section 2.3.1).')
      .default('client_secret_post'),
  })
  .describe(
    'The client-credentials grant made on behalf of the caller. Absent means off; then `bearer` must be on.',
  );

const CLAIM_VALUES_MESSAGE =
  'values must be empty for Exists and NotExists, and hold at least one entry for every other operator';

const claimRule = withCel(
  z
    .strictObject({
      path: list(
        text('One step into nested claims.', 256),
        'Path of the claim, one entry for each level.',
        8,
      ).min(1),
      operator: z
        .enum(['Equals', 'OneOf', 'Contains', 'Exists', 'NotExists', 'Matches'])
        .describe('How the claim is compared.'),
      values: list(text('A value to compare with.', 512, 0), 'Values to compare with.', 32).default([]),
    })
    .refine(
      (claim) =>
        (claim.operator === 'Exists' || claim.operator === 'NotExists') === (claim.values.length === 0),
      {
        error: CLAIM_VALUES_MESSAGE,
      },
    ),
  {
    rule: "(self.operator in ['Exists', 'NotExists']) == (size(self.values) == 0)",
    message: CLAIM_VALUES_MESSAGE,
  },
);

const requiredScopes = list(
  z.string().max(512).regex(new RegExp(SCOPE_PATTERN), {
    error: 'must be scope tokens separated by single spaces (RFC 6749, section 3.3)',
  }),
  'All must be granted; an entry with several words is satisfied by any one of them.',
).default([]);

const ruleRequirements = {
  scopes: requiredScopes,
  scopesClaim: text(
    'Claim that holds the scopes, such as `permissions` of Auth0. Default: `scope`.',
    256,
  ).optional(),
  claims: list(claimRule, 'All must hold.', 16).default([]),
  clients: list(
    text('A client ID.', 256),
    'Allow-list of client IDs, checked before any call to the provider. Empty: any client.',
    256,
  ).default([]),
};

const requirements = z
  .strictObject({
    audiences: list(
      text('An audience.', 2048),
      '`aud` must contain one of them. Default: `clientCredentials.audience`.',
      16,
    ).optional(),
    ...ruleRequirements,
  })
  .describe('What a verified token must hold.')
  .default({ scopes: [], claims: [], clients: [] });

const method = z
  .string()
  .max(32)
  .regex(/^[A-Z][A-Z-]*$/, { error: 'must be an HTTP method in capitals' });

const pathFields = {
  path: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^\/[!"$->@-~]*$/, { error: 'must be an absolute path in ASCII, without query or fragment' })
    .describe('Path, compared as Ingress paths are.'),
  pathType: z.enum(['Exact', 'Prefix']).describe('How the path is compared.').default('Prefix'),
};

const rule = z.strictObject({
  methods: list(method, 'Methods that the rule applies to. Empty: all.', 16).default([]),
  paths: list(z.strictObject(pathFields), 'Paths that the rule applies to. Empty: all.', 32).default([]),
  require: z.strictObject(ruleRequirements).describe('Required on top of what the policy requires.'),
});

const exemption = z.strictObject({
  ...pathFields,
  methods: list(method, 'Methods that are exempt. Empty: all.', 16).default([]),
});

const verification = z
  .strictObject({
    algorithms: wordSet('Accepted signature algorithms.', [
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
      'ES256',
      'ES384',
      'EdDSA',
    ]).default(['RS256']),
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
  .describe('How tokens are verified.')
  .default({ algorithms: ['RS256'], clockTolerance: '30s', bindClient: true });

const cache = z
  .strictObject({
    maxTtl: duration('Cap on how long a token is used. Default: its lifetime.', {
      min: '1s',
      max: '720h',
    }).optional(),
    revalidateAfter: duration(
      'Cap on how long a client secret is trusted without asking the provider again. Default: the lifetime of the token.',
      {
        min: '1s',
        max: '720h',
      },
    ).optional(),
    refreshBefore: duration(
      'Window before expiry in which the token is refreshed in the background; never more than a quarter of its lifetime.',
      {
        min: '0s',
        max: '1h',
      },
    ).default('1m'),
    rejectedTtl: duration('How long a refused secret stays refused without asking again. 0s: off.', {
      min: '0s',
      max: '29s',
    }).default('10s'),
    forbiddenTtl: duration('How long a missing grant stays refused without asking again. 0s: off.', {
      min: '0s',
      max: '1h',
    }).default('60s'),
  })
  .describe('How long tokens and refusals are kept.')
  .default({ refreshBefore: '1m', rejectedTtl: '10s', forbiddenTtl: '60s' });

const upstream = z
  .strictObject({
    token: z
      .union(
        [
          z.enum(['Bearer', 'None']),
          z.strictObject({ header: ownHeaderName('Header that carries the bare token.', 'pattern') }),
        ],
        { error: 'must be Bearer, None or {header: NAME}' },
      )
      .describe(
        'How the token reaches the upstream: `Bearer` (`Authorization: Bearer`), `{header: NAME}`, or `None`.',
      )
      .default('Bearer'),
    claimHeaders: list(
      z.strictObject({
        header: ownHeaderName('Name of the header. A copy that the caller sends never gets through.'),
        claim: list(
          text('One step into nested claims.', 256),
          'Path of the claim, one entry for each level.',
          8,
        ).min(1),
      }),
      'Claims sent as headers; lists are joined by `,`; an absent claim removes the header.',
      32,
    ).default([]),
    hideCredentials: z
      .boolean()
      .describe('The credentials of the caller never reach the upstream, in header, query or body.')
      .default(true),
  })
  .describe('What the upstream gets.')
  .default({ token: 'Bearer', claimHeaders: [], hideCredentials: true });

const limits = z
  .strictObject({
    failuresPerMinute: z
      .int()
      .min(1)
      .max(1000)
      .describe('Refused exchanges per client ID and source address before 429 without asking the provider.')
      .default(10),
    exchangesPerMinute: z
      .int()
      .min(1)
      .max(100_000)
      .describe('Exchanges per client ID, over all routes of the policy. Default: no limit.')
      .optional(),
  })
  .describe('Limits per caller. A cached good token is never affected.')
  .default({ failuresPerMinute: 10 });

const LABELS_MESSAGE = 'must hold at most 32 labels with keys of at most 317 characters';
const EXPRESSION_MESSAGE =
  'values must be empty for Exists and DoesNotExist, and hold at least one entry for In and NotIn';

const labelSelector = z.strictObject({
  matchLabels: withCel(
    z
      .record(z.string(), z.string().max(63))
      .refine(
        (labels) => Object.keys(labels).length <= 32 && Object.keys(labels).every((key) => key.length <= 317),
        { error: LABELS_MESSAGE },
      )
      .meta({ description: 'Labels that must be equal.', maxProperties: 32 }),
    { rule: 'self.all(key, size(key) <= 317)', message: LABELS_MESSAGE },
  ).optional(),
  matchExpressions: list(
    withCel(
      z
        .strictObject({
          key: text('Label key.', 317),
          operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How the label is compared.'),
          values: list(z.string().max(63), 'Values to compare with.', 32).default([]),
        })
        .refine(
          ({ operator, values }) =>
            (operator === 'Exists' || operator === 'DoesNotExist') === (values.length === 0),
          { error: EXPRESSION_MESSAGE },
        ),
      {
        rule: "(self.operator in ['Exists', 'DoesNotExist']) == (size(self.values) == 0)",
        message: EXPRESSION_MESSAGE,
      },
    ),
    'All must hold.',
    16,
  ).optional(),
});

const SELECTOR_MESSAGE = 'selector must be set exactly when from is Selector';

const allowedNamespaces = withCel(
  z
    .strictObject({
      from: z
        .enum(['Same', 'All', 'Selector'])
        .describe('Whose Ingresses may name this policy.')
        .default('Same'),
      selector: labelSelector.describe('Labels of the namespaces, with `from: Selector`.').optional(),
    })
    .refine((allowed) => (allowed.from === 'Selector') === (allowed.selector !== undefined), {
      error: SELECTOR_MESSAGE,
    }),
  { rule: "(self.from == 'Selector') == has(self.selector)", message: SELECTOR_MESSAGE },
)
  .describe('Namespaces whose Ingresses may name this policy.')
  .default({ from: 'Same' });

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
      require: requirements,
      rules: list(rule, 'The first rule that matches a request adds its requirements.', 32).default([]),
      verification,
      cache,
      upstream,
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
      limits,
      mode: z
        .enum(['Enforce', 'DryRun'])
        .describe('`DryRun`: decide, count and log, let the request through.')
        .default('Enforce'),
      realm: z
        .string()
        .max(128)
        .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'must be printable ASCII without " and \\' })
        .describe('Realm of the challenge. Default: name of the policy.')
        .optional(),
      allowedNamespaces,
    })
    .refine((spec) => spec.clientCredentials !== undefined || spec.bearer !== undefined, {
      error: GRANT_MESSAGE,
    })
    .describe('What the gateway asks of a caller, and of the provider on behalf of the caller.'),
  { rule: 'has(self.clientCredentials) || has(self.bearer)', message: GRANT_MESSAGE },
);

/** A decoded spec with every default applied. */
export type PolicySpec = z.output<typeof policySpecSchema>;
