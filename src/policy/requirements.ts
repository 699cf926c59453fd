/** `spec.require`, `spec.rules` and `spec.exempt`: what a verified token must hold, and where. */

import { z } from 'zod';

import { SCOPE_PATTERN, list, patterned, text, withCel } from './fields.ts';

const VALUES_MESSAGE =
  'values must be empty for Exists and NotExists, and hold at least one entry for every other operator';

const claim = withCel(
  z
    .strictObject({
      path: list(text('One step into nested claims.'), 'Path of the claim, one entry for each level.', 8).min(
        1,
      ),
      operator: z
        .enum(['Equals', 'OneOf', 'Contains', 'Exists', 'NotExists', 'Matches'])
        .describe(
          '`Equals`: the claim holds exactly the values; `OneOf`: at least one of them; `Contains`: all of them; `Matches`: an entry of the claim matches one of the values, a regular expression, as a whole; `Exists`, `NotExists`: the claim is there, or is not. A single value counts as a list of one; numbers and booleans compare as their JSON text.',
        ),
      values: list(text('A value to compare with.', 512, 0), 'Values to compare with.', 32).default([]),
    })
    .refine(
      ({ operator, values }) => (operator === 'Exists' || operator === 'NotExists') === (values.length === 0),
      { error: VALUES_MESSAGE },
    ),
  {
    rule: "(self.operator in ['Exists', 'NotExists']) == (size(self.values) == 0)",
    message: VALUES_MESSAGE,
  },
);

const scopeChoice = patterned('One or more scopes.', {
  source: SCOPE_PATTERN,
  max: 512,
  message: 'must be scope tokens separated by single spaces (RFC 6749, section 3.3)',
});

const fields = {
  scopes: list(
    scopeChoice,
    'All must be granted; an entry with several words is satisfied by any one of them.',
  ).default([]),
  scopesClaim: text(
    'Claim that holds the scopes, such as `permissions` of Auth0. Default: `scope`.',
  ).optional(),
  claims: list(claim, 'All must hold.', 16).default([]),
  clients: list(
    text('A client ID.'),
    'Allow-list of client IDs, checked before any call to the provider. Empty: any client.',
    256,
  ).default([]),
};

export const requirements = z
  .strictObject({
    audiences: list(
      text('An audience.', 2048),
      '`aud` must contain one of them. Default: `clientCredentials.audience`.',
      16,
    ).optional(),
    ...fields,
  })
  .describe('What a verified token must hold.');

const method = patterned('A method.', {
  source: '^[A-Z][A-Z-]*$',
  max: 32,
  message: 'must be an HTTP method in capitals',
});

/** Escapes that a request may hold: not of what needs none, nor of slash, backslash and NUL. */
const ESCAPE =
  '%(0[1-9A-Fa-f]|1[0-9A-Fa-f]|2[0-9A-Ca-c]|3[A-Fa-f]|40|5[BDEbde]|60|7[B-Fb-f]|[89A-Fa-f][0-9A-Fa-f])';

const DOT_SEGMENT = '/[.][.]?(;|/|$)';
const DOT_SEGMENT_MESSAGE = 'must not hold the segments . and ..';

/** A path that no request can have would never match, and what it asks for never be asked. */
const requestPath = withCel(
  patterned('Path, compared as Ingress paths are.', {
    source: `^/([!$&-;=@-Z\\[\\]_a-z|~]|${ESCAPE})*$`,
    max: 1024,
    message:
      'must be an absolute path in ASCII, without query, fragment and backslash, and encode only what needs it',
  }).refine((path) => !new RegExp(DOT_SEGMENT).test(path), { error: DOT_SEGMENT_MESSAGE }),
  { rule: `!self.matches(r'${DOT_SEGMENT}')`, message: DOT_SEGMENT_MESSAGE },
);

const pathFields = {
  path: requestPath,
  pathType: z.enum(['Exact', 'Prefix']).describe('How the path is compared.').default('Prefix'),
};

export const rule = z.strictObject({
  methods: list(method, 'Methods that the rule applies to. Empty: all.', 16).default([]),
  paths: list(z.strictObject(pathFields), 'Paths that the rule applies to. Empty: all.', 16).default([]),
  require: z.strictObject(fields).describe('Required on top of what the policy requires.'),
});

export const exemption = z.strictObject({
  ...pathFields,
  methods: list(method, 'Methods that are exempt. Empty: all.', 16).default([]),
});
