/** `spec.clientCredentials`: where callers put their credentials, and the token request made with them. */

import { z } from 'zod';

import {
  headerName,
  isEachOnce,
  list,
  listByHeader,
  listByName,
  patterned,
  text,
  withCel,
  wordSet,
} from './fields.ts';
import { callerParameterName, ownHeaderName, parameterName } from './reserved-names.ts';

const scope = patterned('A scope.', {
  source: '^[!#-\\[\\]-~]+$',
  max: 128,
  message: 'must be one scope token, without spaces (RFC 6749, section 3.3)',
});

const parameter = z.strictObject({
  name: parameterName('Name of the parameter.'),
  value: text('Value of the parameter.', 2048, 0),
});

const PARAMETERS_MESSAGE = 'must hold each name once, but resource once for each value';

const parameters = withCel(
  list(
    parameter,
    'Further parameters of the token request. `resource` (RFC 8707) may stand there several times, with different values.',
    16,
  ).refine(
    (items) => isEachOnce(items.map(({ name, value }) => (name === 'resource' ? `${name} ${value}` : name))),
    { error: PARAMETERS_MESSAGE },
  ),
  {
    rule: "self.all(a, self.exists_one(b, b.name == a.name && (a.name != 'resource' || b.value == a.value)))",
    message: PARAMETERS_MESSAGE,
  },
);

const requestHeader = z.strictObject({
  name: ownHeaderName('Name of the header.'),
  value: patterned('Value of the header.', {
    source: '^[\\t\\x20-\\x7e]*$',
    max: 2048,
    message: 'must be printable ASCII',
  }),
});

const FROM_MESSAGE = 'must hold exactly one of header and query';

const callerParameter = z.strictObject({
  name: callerParameterName('Name of the token-request parameter.'),
  from: withCel(
    z
      .strictObject({
        header: headerName('Request header that holds the value.').optional(),
        query: text('Query parameter that holds the value.', 64).optional(),
      })
      .refine((from) => (from.header === undefined) !== (from.query === undefined), { error: FROM_MESSAGE })
      .describe('Where the caller puts the value.'),
    { rule: 'has(self.header) != has(self.query)', message: FROM_MESSAGE },
  ),
  allowed: list(text('A value that callers may choose.'), 'The values that callers may choose.').min(1),
});

const NAMES_MESSAGE = 'clientId and clientSecret must differ';

const parameterNames = withCel(
  z
    .strictObject({
      clientId: text('Name of the parameter that holds the client ID.', 64).default('client_id'),
      clientSecret: text('Name of the parameter that holds the client secret.', 64).default('client_secret'),
    })
    .refine((names) => names.clientId !== names.clientSecret, { error: NAMES_MESSAGE }),
  { rule: 'self.clientId != self.clientSecret', message: NAMES_MESSAGE },
).describe('Names of the parameters in query and body.');

export const clientCredentials = z
  .strictObject({
    audience: text(
      'Sent as `audience` in the token request (Auth0: the API Identifier), and required in `aud` of the token unless `require.audiences` says otherwise.',
      2048,
    ).optional(),
    scopes: list(scope, 'Sent as `scope`.').default([]),
    organization: text('Sent as `organization`.', 128).optional(),
    parameters: parameters.default([]),
    headers: listByHeader(requestHeader, 'Headers of the token request.', { field: 'name', max: 16 }).default(
      [],
    ),
    callerParameters: listByName(
      callerParameter,
      'Token-request parameters that the caller may choose from an allow-list.',
      8,
    ).default([]),
    sources: wordSet(
      'Where callers may put their credentials: `Basic` (RFC 7617), `Query`, `Body` (form or JSON object, at most 64 KiB).',
      ['Basic', 'Query', 'Body'],
    ).default(['Basic']),
    parameterNames: parameterNames.default({ clientId: 'client_id', clientSecret: 'client_secret' }),
    tokenEndpointAuthMethod: z
      .enum(['client_secret_post', 'client_secret_basic'])
      .describe('How the gateway presents the credentials at the token endpoint (RFC 6749, section 2.3.1).')
      .default('client_secret_post'),
  })
  .describe(
    'The client-credentials grant made on behalf of the caller. Absent means off; then `bearer` must be on.',
  );
