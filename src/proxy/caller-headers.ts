/** The headers of a service's response as the caller gets them: what the options of the route ask comes last. */

import { corsHeaders, isCorsHeader } from '../http/cors.ts';
import { headersForCaller } from '../http/forward-headers.ts';
import { editHeaders } from '../http/header-edits.ts';
import { affinityCookie, cookieValue } from '../http/session-cookie.ts';
import type { CorsOptions, SessionAffinity } from '../model/route-options.ts';
import type { ProxyContext } from './context.ts';
import { cameOverTls } from './decision.ts';
import type { Transaction } from './transaction.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';
import type { ResponseHead } from './upstream/response-head.ts';

/** Alternating names and values. `endpoint`: the one that answers. */
export function callerHeaders(
  context: ProxyContext,
  transaction: Transaction,
  head: ResponseHead,
  endpoint: UpstreamEndpoint | undefined,
): string[] {
  let headers = headersForCaller(head);
  const { settings } = transaction;
  if (settings === undefined) return headers;
  const { cors, sessionAffinity } = settings.options;
  if (settings.responseEdits !== undefined) headers = editHeaders(headers, settings.responseEdits);
  if (cors !== undefined) headers = withCors(headers, cors, transaction.fields.rawHeaders);
  if (sessionAffinity !== undefined && endpoint !== undefined) {
    headers.push(...affinityHeaders(context, transaction, sessionAffinity, endpoint));
  }
  return headers;
}

function withCors(
  headers: readonly string[],
  cors: CorsOptions,
  requestHeaders: readonly string[],
): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!isCorsHeader(name)) kept.push(name, headers[at + 1] ?? '');
  }
  kept.push(...corsHeaders(cors, requestHeaders));
  return kept;
}

/** Only where the cookie names another endpoint than the one that answers, or none. */
function affinityHeaders(
  { affinity }: ProxyContext,
  transaction: Transaction,
  options: SessionAffinity,
  endpoint: UpstreamEndpoint,
): readonly string[] {
  const value = affinity.valueOf(endpoint);
  if (cookieValue(transaction.fields.rawHeaders, options.cookie) === value) return [];
  return ['Set-Cookie', affinityCookie(options, value, cameOverTls(transaction))];
}
