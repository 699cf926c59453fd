/** Puts together what the annotations of an Ingress ask of its routes. */

import type { AnnotationName } from '../model/annotations.ts';
import type { CorsOptions, HeaderEdits, RouteOptions } from '../model/route-options.ts';
import type { AnnotationValues } from './annotations/values.ts';
import type { CompileOptions } from './result.ts';
import { isSameJson } from './same-json.ts';

type Values = Partial<AnnotationValues>;

const NO_EDITS: HeaderEdits = { set: [], remove: [] };
const DEFAULT_METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DEFAULT_HEADERS: readonly string[] = ['authorization', 'content-type'];
const DEFAULT_MAX_AGE_SECONDS = 600;

/** Annotations that ask for nothing here, as most Ingresses have no others. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'policy',
  'audience',
  'scopes',
  'backend-protocol',
  'backend-tls-ca',
  'backend-tls-server-name',
  'backend-tls-client-certificate',
  'canary',
] satisfies readonly AnnotationName[]);

const NOTHING = optionsOf({}, false);

/** `undefined`: nothing is asked. */
export function routeOptions(
  values: Values,
  { sslRedirectByDefault }: Pick<CompileOptions, 'sslRedirectByDefault'>,
): RouteOptions | undefined {
  const asksNothing = Object.keys(values).every((name) => ELSEWHERE.has(name));
  if (asksNothing && !sslRedirectByDefault) return undefined;
  const options = optionsOf(values, sslRedirectByDefault);
  return isSameJson(options, NOTHING) ? undefined : options;
}

function optionsOf(values: Values, sslRedirectByDefault: boolean): RouteOptions {
  return {
    sslRedirect: values['ssl-redirect'] ?? sslRedirectByDefault,
    redirect: values.redirect,
    rewritePrefix: values['rewrite-prefix'],
    timeouts: values.timeouts ?? { connectMs: undefined, firstByteMs: undefined, idleMs: undefined },
    maxBodyBytes: values['max-body-size'],
    sources: { allow: values['allow-source-ranges'] ?? [], deny: values['deny-source-ranges'] ?? [] },
    rateLimit: values['rate-limit'],
    cors: corsOptions(values),
    requestHeaders: values['request-headers'] ?? NO_EDITS,
    responseHeaders: values['response-headers'] ?? NO_EDITS,
    sessionAffinity: values['session-affinity'],
  };
}

function corsOptions(values: Values): CorsOptions | undefined {
  const allowOrigins = values['cors-allow-origins'];
  if (allowOrigins === undefined) return undefined;
  return {
    allowOrigins,
    allowMethods: values['cors-allow-methods'] ?? DEFAULT_METHODS,
    allowHeaders: values['cors-allow-headers'] ?? DEFAULT_HEADERS,
    exposeHeaders: values['cors-expose-headers'] ?? [],
    allowCredentials: values['cors-allow-credentials'] ?? false,
    maxAgeSeconds: values['cors-max-age'] ?? DEFAULT_MAX_AGE_SECONDS,
  };
}
