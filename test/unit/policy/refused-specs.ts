/** Specs of OIDCPolicy that the decoder and the API server must both refuse. */

import { RESERVED_HEADERS, RESERVED_PARAMETERS } from '../../../src/policy/reserved-names.ts';
import {
  characters,
  clientCredentials,
  policy,
  provider,
  times,
  withCaller,
  withClaim,
  withGrant,
  withProvider,
} from './spec-builders.ts';

interface RefusedSpec {
  readonly name: string;
  readonly spec: unknown;
  /** What the decoder says, all of it. The API server must speak of the same field. */
  readonly want: string;
  /** Where the API server speaks of another field. */
  readonly serverField?: string;
}

export const REFUSED: readonly RefusedSpec[] = [
  { name: 'no spec', spec: undefined, want: 'spec: must be set' },
  { name: 'a spec that is a list', spec: [], want: 'spec: must be an object, found a list' },
  {
    name: 'no provider',
    spec: { clientCredentials },
    want: 'spec.provider: must be set',
  },
  {
    name: 'neither clientCredentials nor bearer',
    spec: { provider },
    want: 'spec: clientCredentials, bearer or both must be set',
  },
  { name: 'a typo at the top', spec: policy({ exampt: [] }), want: 'spec.exampt: unknown field' },
  {
    name: 'a typo in provider',
    spec: withProvider({ isuer: 'https://acme.eu.auth0.com/' }),
    want: 'spec.provider.isuer: unknown field',
  },
  {
    name: 'a typo in clientCredentials',
    spec: withGrant({ audiance: 'x' }),
    want: 'spec.clientCredentials.audiance: unknown field',
  },
  {
    name: 'a typo in require',
    spec: policy({ require: { scope: ['a'] } }),
    want: 'spec.require.scope: unknown field',
  },
  {
    name: 'a typo in a rule',
    spec: policy({ rules: [{ method: ['GET'], require: {} }] }),
    want: 'spec.rules[0].method: unknown field',
  },
  {
    name: 'a typo in a claim',
    spec: withClaim({ value: 'x' }),
    want: 'spec.require.claims[0].value: unknown field',
  },
  {
    name: 'a typo in an exemption',
    spec: policy({ exempt: [{ path: '/', type: 'Exact' }] }),
    want: 'spec.exempt[0].type: unknown field',
  },
  {
    name: 'a typo in verification',
    spec: policy({ verification: { algorithm: 'RS256' } }),
    want: 'spec.verification.algorithm: unknown field',
  },
  {
    name: 'a typo in cache',
    spec: policy({ cache: { maxTTL: '1s' } }),
    want: 'spec.cache.maxTTL: unknown field',
  },
  {
    name: 'a typo in upstream',
    spec: policy({ upstream: { claimHeader: [] } }),
    want: 'spec.upstream.claimHeader: unknown field',
  },
  {
    name: 'a typo in limits',
    spec: policy({ limits: { failures: 1 } }),
    want: 'spec.limits.failures: unknown field',
  },
  {
    name: 'a typo in allowedNamespaces',
    spec: policy({ allowedNamespaces: { form: 'All' } }),
    want: 'spec.allowedNamespaces.form: unknown field',
  },
  {
    name: 'a field in bearer',
    spec: policy({ bearer: { enabled: true } }),
    want: 'spec.bearer.enabled: unknown field',
  },
  {
    name: 'no issuer',
    spec: policy({ provider: {} }),
    want: 'spec.provider.issuer: must be set',
  },
  {
    name: 'an issuer without a scheme',
    spec: withProvider({ issuer: 'acme.eu.auth0.com' }),
    want: 'spec.provider.issuer: must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password, found "acme.eu.auth0.com"',
  },
  {
    name: 'an issuer with another scheme',
    spec: withProvider({ issuer: 'ftp://acme.eu.auth0.com/' }),
    want: 'spec.provider.issuer: must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password, found "ftp://acme.eu.auth0.com/"',
  },
  {
    name: 'a discovery document as issuer',
    spec: withProvider({ issuer: 'https://acme.eu.auth0.com/.well-known/openid-configuration' }),
    want: 'spec.provider.issuer: must be the issuer itself, not its discovery document: write the part before /.well-known/ (Auth0: https://TENANT.REGION.auth0.com/), found "https://acme.eu.auth0.com/.well-known/openid-configuration"',
  },
  {
    name: 'an issuer with a query',
    spec: withProvider({ issuer: 'https://acme.eu.auth0.com/?a=b' }),
    want: 'spec.provider.issuer: must hold no query and no fragment, found "https://acme.eu.auth0.com/?a=b"',
  },
  {
    name: 'an issuer with user name and password, without repeating them',
    spec: withProvider({ issuer: 'https://me:hush@acme.eu.auth0.com/' }),
    want: 'spec.provider.issuer: must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password, found "https://[redacted]@acme.eu.auth0.com/"',
  },
  {
    name: 'an issuer with a password that no URL takes unescaped, without repeating any of it',
    spec: withProvider({ issuer: 'https://me:hu/s@h@acme.eu.auth0.com/' }),
    want: 'spec.provider.issuer: must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password, found "https://[redacted]@acme.eu.auth0.com/"',
  },
  {
    name: 'an issuer with a space',
    spec: withProvider({ issuer: 'https://acme.eu.auth0.com/ ' }),
    want: 'spec.provider.issuer: must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password, found "https://acme.eu.auth0.com/ "',
  },
  {
    name: 'an issuer beyond ASCII',
    spec: withProvider({ issuer: 'https://bücher.example/' }),
    want: 'spec.provider.issuer: must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password, found "https://bücher.example/"',
  },
  {
    name: 'an issuer of 2049 characters',
    spec: withProvider({ issuer: `https://a.example/${characters(2031)}` }),
    want: 'spec.provider.issuer: must be at most 2048 characters',
  },
  {
    name: 'a token endpoint that is a path',
    spec: withProvider({ tokenEndpoint: '/oauth/token' }),
    want: 'spec.provider.tokenEndpoint: must be a URL such as https://TENANT.REGION.auth0.com/oauth/token, without user name and password, found "/oauth/token"',
  },
  {
    name: 'a key set with a fragment',
    spec: withProvider({ jwksUri: 'https://acme.eu.auth0.com/keys#1' }),
    want: 'spec.provider.jwksUri: must be a URL such as https://TENANT.REGION.auth0.com/oauth/token, without user name and password, found "https://acme.eu.auth0.com/keys#1"',
  },
  {
    name: 'nine additional issuers',
    spec: withProvider({ additionalIssuers: times(9, 'https://a.example/') }),
    want: 'spec.provider.additionalIssuers: must hold at most 8 entries',
  },
  {
    name: 'a discovery document as additional issuer',
    spec: withProvider({ additionalIssuers: ['https://a.example/.well-known/openid-configuration'] }),
    want: 'spec.provider.additionalIssuers[0]: must be the issuer itself, not its discovery document: write the part before /.well-known/ (Auth0: https://TENANT.REGION.auth0.com/), found "https://a.example/.well-known/openid-configuration"',
  },
  {
    name: 'a time-out that is too short',
    spec: withProvider({ timeout: '99ms' }),
    want: 'spec.provider.timeout: must be a duration from 100ms to 60s, such as 300ms, 5s, 10m or 1h, found "99ms"',
  },
  {
    name: 'a time-out that is too long',
    spec: withProvider({ timeout: '61s' }),
    want: 'spec.provider.timeout: must be a duration from 100ms to 60s, such as 300ms, 5s, 10m or 1h, found "61s"',
  },
  {
    name: 'a time-out without a unit',
    spec: withProvider({ timeout: '5' }),
    want: 'spec.provider.timeout: must be a duration from 100ms to 60s, such as 300ms, 5s, 10m or 1h, found "5"',
  },
  {
    name: 'a time-out as a number',
    spec: withProvider({ timeout: 5 }),
    want: 'spec.provider.timeout: must be a string, found 5',
  },
  {
    name: 'a time-out of two units',
    spec: withProvider({ timeout: '1m30s' }),
    want: 'spec.provider.timeout: must be a duration from 100ms to 60s, such as 300ms, 5s, 10m or 1h, found "1m30s"',
  },
  {
    name: 'a time-out with a fraction',
    spec: withProvider({ timeout: '1.5s' }),
    want: 'spec.provider.timeout: must be a duration from 100ms to 60s, such as 300ms, 5s, 10m or 1h, found "1.5s"',
  },
  {
    name: 'a time-out beyond counting',
    spec: withProvider({ timeout: '999999999h' }),
    want: 'spec.provider.timeout: must be a duration from 100ms to 60s, such as 300ms, 5s, 10m or 1h, found "999999999h"',
  },
  {
    name: 'authorities from nowhere',
    spec: withProvider({ ca: {} }),
    want: 'spec.provider.ca: must hold exactly one of secretRef and configMapRef',
  },
  {
    name: 'authorities from two places',
    spec: withProvider({ ca: { secretRef: { name: 'a', key: 'b' }, configMapRef: { name: 'a', key: 'b' } } }),
    want: 'spec.provider.ca: must hold exactly one of secretRef and configMapRef',
  },
  {
    name: 'authorities without a key',
    spec: withProvider({ ca: { secretRef: { name: 'a' } } }),
    want: 'spec.provider.ca.secretRef.key: must be set',
  },
  {
    name: 'an object name in capitals',
    spec: withProvider({ clientCertificate: { secretRef: { name: 'Mtls' } } }),
    want: 'spec.provider.clientCertificate.secretRef.name: must be the name of a Kubernetes object, found "Mtls"',
  },
  {
    name: 'a client certificate without a Secret',
    spec: withProvider({ clientCertificate: {} }),
    want: 'spec.provider.clientCertificate.secretRef: must be set',
  },
  {
    name: 'an empty audience',
    spec: withGrant({ audience: '' }),
    want: 'spec.clientCredentials.audience: must be 1 to 2048 characters, found ""',
  },
  {
    name: 'an audience of 2049 characters',
    spec: withGrant({ audience: characters(2049) }),
    want: 'spec.clientCredentials.audience: must be 1 to 2048 characters',
  },
  {
    name: 'a scope with a space',
    spec: withGrant({ scopes: ['read:orders write:orders'] }),
    want: 'spec.clientCredentials.scopes[0]: must be one scope token, without spaces (RFC 6749, section 3.3), found "read:orders write:orders"',
  },
  {
    name: 'scopes as one string',
    spec: withGrant({ scopes: 'read:orders' }),
    want: 'spec.clientCredentials.scopes: must be a list, found "read:orders"',
  },
  {
    name: 'an empty scope',
    spec: withGrant({ scopes: [''] }),
    want: 'spec.clientCredentials.scopes[0]: must be one scope token, without spaces (RFC 6749, section 3.3), found ""',
  },
  {
    name: '65 scopes',
    spec: withGrant({ scopes: times(65, 'a') }),
    want: 'spec.clientCredentials.scopes: must hold at most 64 entries',
  },
  {
    name: 'an organization of 129 characters',
    spec: withGrant({ organization: characters(129) }),
    want: 'spec.clientCredentials.organization: must be 1 to 128 characters',
  },
  {
    name: 'a reserved parameter',
    spec: withGrant({ parameters: [{ name: 'audience', value: 'x' }] }),
    want: `spec.clientCredentials.parameters[0].name: must not be one of ${RESERVED_PARAMETERS.join(', ')}: those have fields of their own, found "audience"`,
  },
  {
    name: 'a client secret as parameter',
    spec: withGrant({ parameters: [{ name: 'client_secret', value: 'x' }] }),
    want: `spec.clientCredentials.parameters[0].name: must not be one of ${RESERVED_PARAMETERS.join(', ')}: those have fields of their own, found "client_secret"`,
  },
  {
    name: 'a parameter without a value',
    spec: withGrant({ parameters: [{ name: 'resource' }] }),
    want: 'spec.clientCredentials.parameters[0].value: must be set',
  },
  {
    name: 'a parameter name with a space',
    spec: withGrant({ parameters: [{ name: 'a b', value: '' }] }),
    want: 'spec.clientCredentials.parameters[0].name: must be a parameter name: letters, digits and _ . : / -, found "a b"',
  },
  {
    name: 'a parameter twice',
    spec: withGrant({
      parameters: [
        { name: 'tenant', value: 'a' },
        { name: 'tenant', value: 'b' },
      ],
    }),
    want: 'spec.clientCredentials.parameters: must hold each name once, but resource once for each value',
  },
  {
    name: 'a resource twice',
    spec: withGrant({
      parameters: [
        { name: 'resource', value: 'a' },
        { name: 'resource', value: 'b' },
        { name: 'resource', value: 'a' },
      ],
    }),
    want: 'spec.clientCredentials.parameters: must hold each name once, but resource once for each value',
  },
  {
    name: 'a header of the token request twice, in another case',
    spec: withGrant({
      headers: [
        { name: 'X-Tenant', value: 'a' },
        { name: 'x-tenant', value: 'a' },
      ],
    }),
    want: 'spec.clientCredentials.headers: must hold each header once',
  },
  {
    name: 'a caller parameter twice',
    spec: withGrant({
      callerParameters: [
        { name: 'organization', from: { header: 'X-Org' }, allowed: ['a'] },
        { name: 'organization', from: { query: 'org' }, allowed: ['a'] },
      ],
    }),
    want: 'spec.clientCredentials.callerParameters: must hold each name once',
  },
  {
    name: '17 parameters',
    spec: withGrant({ parameters: times(17, '').map((value, index) => ({ name: `a${index}`, value })) }),
    want: 'spec.clientCredentials.parameters: must hold at most 16 entries',
  },
  {
    name: 'a reserved header of the token request',
    spec: withGrant({ headers: [{ name: 'Authorization', value: 'x' }] }),
    want: `spec.clientCredentials.headers[0].name: must not be a header that HTTP or the gateway owns (${RESERVED_HEADERS.join(', ')}), found "Authorization"`,
  },
  {
    name: 'a header value with a line break',
    spec: withGrant({ headers: [{ name: 'X-A', value: 'a\r\nb: c' }] }),
    want: 'spec.clientCredentials.headers[0].value: must be printable ASCII, found "a\\r\\nb: c"',
  },
  {
    name: 'a caller parameter that is a credential',
    spec: withCaller({ name: 'client_secret' }),
    want: 'spec.clientCredentials.callerParameters[0].name: must not be one of grant_type, client_id, client_secret, client_assertion, client_assertion_type: those are never chosen by callers, found "client_secret"',
  },
  {
    name: 'a caller parameter from nowhere',
    spec: withCaller({ from: {} }),
    want: 'spec.clientCredentials.callerParameters[0].from: must hold exactly one of header and query',
  },
  {
    name: 'a caller parameter from two places',
    spec: withCaller({ from: { header: 'X-Org', query: 'org' } }),
    want: 'spec.clientCredentials.callerParameters[0].from: must hold exactly one of header and query',
  },
  {
    name: 'a caller parameter without allowed values',
    spec: withCaller({ allowed: [] }),
    want: 'spec.clientCredentials.callerParameters[0].allowed: must hold at least 1 entry',
  },
  {
    name: 'an unknown source',
    spec: withGrant({ sources: ['Cookie'] }),
    want: 'spec.clientCredentials.sources[0]: must be one of Basic, Query, Body, found "Cookie"',
  },
  {
    name: 'no source',
    spec: withGrant({ sources: [] }),
    want: 'spec.clientCredentials.sources: must hold at least 1 entry',
  },
  {
    name: 'a source twice',
    spec: withGrant({ sources: ['Basic', 'Basic'] }),
    want: 'spec.clientCredentials.sources: must hold no duplicates',
  },
  {
    name: 'one parameter name for both',
    spec: withGrant({ parameterNames: { clientId: 'key', clientSecret: 'key' } }),
    want: 'spec.clientCredentials.parameterNames: clientId and clientSecret must differ',
  },
  {
    name: 'an unknown way to authenticate',
    spec: withGrant({ tokenEndpointAuthMethod: 'private_key_jwt' }),
    want: 'spec.clientCredentials.tokenEndpointAuthMethod: must be one of client_secret_post, client_secret_basic, found "private_key_jwt"',
  },
  {
    name: '17 required audiences',
    spec: policy({ require: { audiences: times(17, 'a') } }),
    want: 'spec.require.audiences: must hold at most 16 entries',
  },
  {
    name: 'a required scope with two spaces',
    spec: policy({ require: { scopes: ['a  b'] } }),
    want: 'spec.require.scopes[0]: must be scope tokens separated by single spaces (RFC 6749, section 3.3), found "a  b"',
  },
  {
    name: 'an empty scopes claim',
    spec: policy({ require: { scopesClaim: '' } }),
    want: 'spec.require.scopesClaim: must be 1 to 256 characters, found ""',
  },
  {
    name: '257 clients',
    spec: policy({ require: { clients: times(257, 'a') } }),
    want: 'spec.require.clients: must hold at most 256 entries',
  },
  {
    name: 'an unknown operator',
    spec: withClaim({ operator: 'In', values: ['a'] }),
    want: 'spec.require.claims[0].operator: must be one of Equals, OneOf, Contains, Exists, NotExists, Matches, found "In"',
  },
  {
    name: 'a claim without a path',
    spec: withClaim({ path: [] }),
    want: 'spec.require.claims[0].path: must hold at least 1 entry',
  },
  {
    name: 'a claim path of nine levels',
    spec: withClaim({ path: times(9, 'a') }),
    want: 'spec.require.claims[0].path: must hold at most 8 entries',
  },
  {
    name: 'Equals without values',
    spec: withClaim({ operator: 'Equals' }),
    want: 'spec.require.claims[0]: values must be empty for Exists and NotExists, and hold at least one entry for every other operator',
  },
  {
    name: 'Exists with values',
    spec: withClaim({ values: ['a'] }),
    want: 'spec.require.claims[0]: values must be empty for Exists and NotExists, and hold at least one entry for every other operator',
  },
  {
    name: 'a claim value that is a number',
    spec: withClaim({ operator: 'Equals', values: [1] }),
    want: 'spec.require.claims[0].values[0]: must be a string, found 1',
  },
  {
    name: 'a rule without requirements',
    spec: policy({ rules: [{ methods: ['GET'] }] }),
    want: 'spec.rules[0].require: must be set',
  },
  {
    name: 'a method in small letters',
    spec: policy({ rules: [{ methods: ['get'], require: {} }] }),
    want: 'spec.rules[0].methods[0]: must be an HTTP method in capitals, found "get"',
  },
  {
    name: 'a path without a slash',
    spec: policy({ rules: [{ paths: [{ path: 'v1' }], require: {} }] }),
    want: 'spec.rules[0].paths[0].path: must be an absolute path in ASCII, without query, fragment and backslash, and encode only what needs it, found "v1"',
  },
  {
    name: 'a path with a query',
    spec: policy({ exempt: [{ path: '/a?b' }] }),
    want: 'spec.exempt[0].path: must be an absolute path in ASCII, without query, fragment and backslash, and encode only what needs it, found "/a?b"',
  },
  {
    name: 'a path beyond ASCII',
    spec: policy({ exempt: [{ path: '/bücher' }] }),
    want: 'spec.exempt[0].path: must be an absolute path in ASCII, without query, fragment and backslash, and encode only what needs it, found "/bücher"',
  },
  {
    name: 'a path with a dot segment',
    spec: policy({ rules: [{ paths: [{ path: '/a/../b' }], require: {} }] }),
    want: 'spec.rules[0].paths[0].path: must not hold the segments . and .., found "/a/../b"',
  },
  {
    name: 'a path with an encoded letter',
    spec: policy({ rules: [{ paths: [{ path: '/%61dmin' }], require: {} }] }),
    want: 'spec.rules[0].paths[0].path: must be an absolute path in ASCII, without query, fragment and backslash, and encode only what needs it, found "/%61dmin"',
  },
  {
    name: 'a path with an encoded slash',
    spec: policy({ exempt: [{ path: '/a%2fb' }] }),
    want: 'spec.exempt[0].path: must be an absolute path in ASCII, without query, fragment and backslash, and encode only what needs it, found "/a%2fb"',
  },
  {
    name: 'an unknown path type',
    spec: policy({ exempt: [{ path: '/', pathType: 'Regex' }] }),
    want: 'spec.exempt[0].pathType: must be one of Exact, Prefix, found "Regex"',
  },
  {
    name: '33 rules',
    spec: policy({ rules: times(33, { require: {} }) }),
    want: 'spec.rules: must hold at most 32 entries',
  },
  {
    name: 'a symmetric algorithm',
    spec: policy({ verification: { algorithms: ['HS256'] } }),
    want: 'spec.verification.algorithms[0]: must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, found "HS256"',
  },
  {
    name: 'the algorithm none',
    spec: policy({ verification: { algorithms: ['none'] } }),
    want: 'spec.verification.algorithms[0]: must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, found "none"',
  },
  {
    name: 'no algorithm',
    spec: policy({ verification: { algorithms: [] } }),
    want: 'spec.verification.algorithms: must hold at least 1 entry',
  },
  {
    name: 'an algorithm twice',
    spec: policy({ verification: { algorithms: ['RS256', 'RS256'] } }),
    want: 'spec.verification.algorithms: must hold no duplicates',
  },
  {
    name: 'a clock tolerance that is too large',
    spec: policy({ verification: { clockTolerance: '6m' } }),
    want: 'spec.verification.clockTolerance: must be a duration from 0s to 5m, such as 300ms, 5s, 10m or 1h, found "6m"',
  },
  {
    name: 'a switch as a string',
    spec: policy({ verification: { bindClient: 'true' } }),
    want: 'spec.verification.bindClient: must be true or false, found "true"',
  },
  {
    name: 'a maximal cache time of nothing',
    spec: policy({ cache: { maxTtl: '0s' } }),
    want: 'spec.cache.maxTtl: must be a duration from 1s to 720h, such as 300ms, 5s, 10m or 1h, found "0s"',
  },
  {
    name: 'a refused secret for as long as a rotation',
    spec: policy({ cache: { rejectedTtl: '30s' } }),
    want: 'spec.cache.rejectedTtl: must be a duration from 0s to 29s, such as 300ms, 5s, 10m or 1h, found "30s"',
  },
  {
    name: 'a missing grant for longer than an hour',
    spec: policy({ cache: { forbiddenTtl: '61m' } }),
    want: 'spec.cache.forbiddenTtl: must be a duration from 0s to 1h, such as 300ms, 5s, 10m or 1h, found "61m"',
  },
  {
    name: 'a refresh window that is too long',
    spec: policy({ cache: { refreshBefore: '2h' } }),
    want: 'spec.cache.refreshBefore: must be a duration from 0s to 1h, such as 300ms, 5s, 10m or 1h, found "2h"',
  },
  {
    name: 'a revalidation that is too late',
    spec: policy({ cache: { revalidateAfter: '721h' } }),
    want: 'spec.cache.revalidateAfter: must be a duration from 1s to 720h, such as 300ms, 5s, 10m or 1h, found "721h"',
  },
  {
    name: 'an unknown word for the token',
    spec: policy({ upstream: { token: 'Basic' } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}, found "Basic"',
  },
  {
    name: 'a number for the token',
    spec: policy({ upstream: { token: 1 } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}, found 1',
  },
  {
    name: 'a switch for the token',
    spec: policy({ upstream: { token: false } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}, found false',
  },
  {
    name: 'a list for the token',
    spec: policy({ upstream: { token: ['Bearer'] } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}',
  },
  {
    name: 'an empty object for the token',
    spec: policy({ upstream: { token: {} } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}',
  },
  {
    name: 'a typo in the token',
    spec: policy({ upstream: { token: { haeder: 'X-Token' } } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}',
  },
  {
    name: 'a further field in the token',
    spec: policy({ upstream: { token: { header: 'X-Token', prefix: 'x' } } }),
    want: 'spec.upstream.token.prefix: unknown field',
    serverField: 'spec.upstream.token',
  },
  {
    name: 'a reserved header for the token',
    spec: policy({ upstream: { token: { header: 'Host' } } }),
    want: `spec.upstream.token.header: must not be a header that HTTP or the gateway owns (${RESERVED_HEADERS.join(', ')}), found "Host"`,
  },
  {
    name: 'a header for the token with an underscore',
    spec: policy({ upstream: { token: { header: 'X_Token' } } }),
    want: 'spec.upstream.token.header: must be a header name: letters, digits and -, starting with a letter, found "X_Token"',
  },
  {
    name: 'a header for two claims',
    spec: policy({
      upstream: {
        claimHeaders: [
          { header: 'X-Client', claim: ['azp'] },
          { header: 'x-client', claim: ['sub'] },
        ],
      },
    }),
    want: 'spec.upstream.claimHeaders: must hold each header once',
  },
  {
    name: 'a reserved header for a claim',
    spec: policy({ upstream: { claimHeaders: [{ header: 'X-Forwarded-For', claim: ['sub'] }] } }),
    want: `spec.upstream.claimHeaders[0].header: must not be a header that HTTP or the gateway owns (${RESERVED_HEADERS.join(', ')}), found "X-Forwarded-For"`,
  },
  {
    name: 'a claim header without a claim',
    spec: policy({ upstream: { claimHeaders: [{ header: 'X-Sub' }] } }),
    want: 'spec.upstream.claimHeaders[0].claim: must be set',
  },
  {
    name: 'no failures',
    spec: policy({ limits: { failuresPerMinute: 0 } }),
    want: 'spec.limits.failuresPerMinute: must be at least 1, found 0',
  },
  {
    name: 'too many failures',
    spec: policy({ limits: { failuresPerMinute: 1001 } }),
    want: 'spec.limits.failuresPerMinute: must be at most 1000, found 1001',
  },
  {
    name: 'a fraction of failures',
    spec: policy({ limits: { failuresPerMinute: 1.5 } }),
    want: 'spec.limits.failuresPerMinute: must be a whole number, found 1.5',
  },
  {
    name: 'too many exchanges',
    spec: policy({ limits: { exchangesPerMinute: 100_001 } }),
    want: 'spec.limits.exchangesPerMinute: must be at most 100000, found 100001',
  },
  {
    name: 'an unknown transport',
    spec: policy({ transport: 'Tls' }),
    want: 'spec.transport: must be one of Any, TlsOnly, found "Tls"',
  },
  {
    name: 'an unknown mode',
    spec: policy({ mode: 'Off' }),
    want: 'spec.mode: must be one of Enforce, DryRun, found "Off"',
  },
  {
    name: 'a realm with a quotation mark',
    spec: policy({ realm: 'a"b' }),
    want: 'spec.realm: must be printable ASCII without " and \\, found "a\\"b"',
  },
  {
    name: 'an empty realm',
    spec: policy({ realm: '' }),
    want: 'spec.realm: must be printable ASCII without " and \\, found ""',
  },
  {
    name: 'a selector without Selector',
    spec: policy({ allowedNamespaces: { from: 'All', selector: {} } }),
    want: 'spec.allowedNamespaces: selector must be set exactly when from is Selector',
  },
  {
    name: 'Selector without a selector',
    spec: policy({ allowedNamespaces: { from: 'Selector' } }),
    want: 'spec.allowedNamespaces: selector must be set exactly when from is Selector',
  },
  {
    name: 'a label value of 64 characters',
    spec: policy({
      allowedNamespaces: { from: 'Selector', selector: { matchLabels: { a: characters(64) } } },
    }),
    want: 'spec.allowedNamespaces.selector.matchLabels.a: must be at most 63 characters, found "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
  },
  {
    name: 'a label key of 318 characters',
    spec: policy({
      allowedNamespaces: { from: 'Selector', selector: { matchLabels: { [characters(318)]: 'a' } } },
    }),
    want: 'spec.allowedNamespaces.selector.matchLabels: must hold at most 32 labels with keys of at most 317 characters',
  },
  {
    name: 'In without values',
    spec: policy({
      allowedNamespaces: { from: 'Selector', selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    }),
    want: 'spec.allowedNamespaces.selector.matchExpressions[0]: values must be empty for Exists and DoesNotExist, and hold at least one entry for In and NotIn',
  },
  {
    name: 'null in a list',
    spec: withGrant({ scopes: [null] }),
    want: 'spec.clientCredentials.scopes[0]: must be a string, found null',
  },
  {
    name: 'null for clientCredentials',
    spec: { provider, clientCredentials: null },
    want: 'spec: clientCredentials, bearer or both must be set',
  },
  {
    name: 'null for the header of the token',
    spec: policy({ upstream: { token: { header: null } } }),
    want: 'spec.upstream.token: must be Bearer, None or {header: NAME}',
  },
];
