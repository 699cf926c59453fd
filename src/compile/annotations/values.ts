/** What each annotation means once it is read, and how it is read. */

import type { AnnotationName } from '../../model/annotations.ts';
import type {
  Canary,
  CorsOptions,
  HeaderEdits,
  RateLimit,
  RouteOptions,
  SessionAffinity,
} from '../../model/route-options.ts';
import type { Backend } from '../../model/table.ts';
import { readCaReference, readSecretName, readServerName, type CaReference } from './backend.ts';
import { readHeaderNames, readMaxAge, readMethods, readOrigins } from './cors.ts';
import { readHeaderEdits } from './headers.ts';
import { readAudience, readPolicy, readScopes, type PolicyReference } from './policy.ts';
import { readToggle, readWord, type Reading } from './reading.ts';
import { readCanary, readRedirect, readRewritePrefix, readSessionAffinity } from './routing.ts';
import { readRateLimit, readSize, readSourceRanges, readTimeouts } from './traffic.ts';

export interface AnnotationValues {
  readonly policy: PolicyReference;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly 'ssl-redirect': boolean;
  readonly 'backend-protocol': Backend['protocol'];
  readonly 'backend-tls-ca': CaReference;
  readonly 'backend-tls-server-name': string;
  readonly 'backend-tls-client-certificate': string;
  readonly timeouts: RouteOptions['timeouts'];
  readonly 'max-body-size': number;
  readonly 'rewrite-prefix': string;
  readonly redirect: NonNullable<RouteOptions['redirect']>;
  readonly 'cors-allow-origins': CorsOptions['allowOrigins'];
  readonly 'cors-allow-methods': CorsOptions['allowMethods'];
  readonly 'cors-allow-headers': CorsOptions['allowHeaders'];
  readonly 'cors-expose-headers': CorsOptions['exposeHeaders'];
  readonly 'cors-allow-credentials': boolean;
  readonly 'cors-max-age': number;
  readonly 'allow-source-ranges': readonly string[];
  readonly 'deny-source-ranges': readonly string[];
  readonly 'rate-limit': RateLimit;
  readonly 'request-headers': HeaderEdits;
  readonly 'response-headers': HeaderEdits;
  readonly 'session-affinity': SessionAffinity;
  readonly canary: Canary['when'];
}

export const READERS: {
  readonly [N in AnnotationName]: (text: string, namespace: string) => Reading<AnnotationValues[N]>;
} = {
  policy: readPolicy,
  audience: readAudience,
  scopes: readScopes,
  'ssl-redirect': readToggle,
  'backend-protocol': (text) => readWord(text, ['HTTP', 'HTTPS', 'H2C']),
  'backend-tls-ca': readCaReference,
  'backend-tls-server-name': readServerName,
  'backend-tls-client-certificate': readSecretName,
  timeouts: readTimeouts,
  'max-body-size': readSize,
  'rewrite-prefix': readRewritePrefix,
  redirect: readRedirect,
  'cors-allow-origins': readOrigins,
  'cors-allow-methods': readMethods,
  'cors-allow-headers': readHeaderNames,
  'cors-expose-headers': readHeaderNames,
  'cors-allow-credentials': readToggle,
  'cors-max-age': readMaxAge,
  'allow-source-ranges': readSourceRanges,
  'deny-source-ranges': readSourceRanges,
  'rate-limit': readRateLimit,
  'request-headers': readHeaderEdits,
  'response-headers': readHeaderEdits,
  'session-affinity': readSessionAffinity,
  canary: readCanary,
};
