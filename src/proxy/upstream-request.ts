/** Builds what the upstream gets: the caller's request without what the gateway owns, and with what it adds. */

import { hideQueryCredentials } from '../http/credentials.ts';
import { headersForUpstream } from '../http/forward-headers.ts';
import { editHeaders } from '../http/header-edits.ts';
import type { RequestHead } from '../http/request-head.ts';
import { rewrittenPath } from '../http/rewrite.ts';
import { PRODUCT } from '../model/names.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { EdgeSettings } from './edge.ts';
import type { ForwardBody } from './forwarding.ts';
import type { Enforced } from './routed.ts';
import type { Transaction } from './transaction.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';

export interface UpstreamInput {
  readonly transaction: Transaction;
  readonly head: RequestHead;
  readonly enforced: Enforced | undefined;
  readonly identityHeaders: ReadonlySet<string>;
  /** What tells the upstream who the caller is: alternating names and values. */
  readonly identity: readonly string[];
  readonly body: ForwardBody;
  readonly edge: EdgeSettings;
  /** The endpoint that session affinity asks for. */
  readonly preferred: UpstreamEndpoint | undefined;
}

const NOTHING: ReadonlySet<string> = new Set();
/** It says more about a trace that is not gone on with. */
const TRACESTATE: ReadonlySet<string> = new Set(['tracestate']);

/** The path and query that the upstream gets: byte for byte the caller's, less a prefix that is replaced and credentials in the query. */
export function upstreamTarget({ transaction, head, enforced }: UpstreamInput): string {
  const { route, settings } = transaction;
  const prefix = settings?.options.rewritePrefix;
  const path =
    prefix === undefined || route === undefined ? head.path : rewrittenPath(head.path, route, prefix);
  let { query } = head;
  const names = enforced?.plan.clientCredentials?.parameterNames;
  if (query !== undefined && names !== undefined && enforced?.plan.upstream.hideCredentials === true) {
    query = hideQueryCredentials(query, names);
  }
  return query === undefined ? path : `${path}?${query}`;
}

/** Request line and header lines, each ended by CRLF, and the empty line; latin1. */
export function upstreamHead(input: UpstreamInput): string {
  const { head, body, transaction } = input;
  const headers = upstreamHeaders(input);
  let text = `${head.method} ${upstreamTarget(input)} HTTP/1.1\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  if (body.kind === 'stream' && transaction.fields.isChunked) text += 'Transfer-Encoding: chunked\r\n';
  return `${text}\r\n`;
}

/** For HTTP/2: alternating names and values, pseudo-headers first but for `:scheme`. */
export function upstreamFields(input: UpstreamInput): string[] {
  const headers = upstreamHeaders(input);
  const { method, authority } = input.head;
  const fields = [':method', method, ':authority', authority, ':path', upstreamTarget(input)];
  for (let at = 0; at < headers.length; at += 2) {
    const name = (headers[at] ?? '').toLowerCase();
    if (name !== 'host') fields.push(name, headers[at + 1] ?? '');
  }
  return fields;
}

/** Alternating names and values. */
export function upstreamHeaders(input: UpstreamInput): string[] {
  const { transaction, head, enforced, identityHeaders, identity, body, edge } = input;
  const { caller, request, requestId, trace } = transaction;
  const headers = headersForUpstream(request.rawHeaders, {
    head,
    peerAddress: caller.peerAddress,
    isPeerTrusted: caller.isPeerTrusted,
    isTls: caller.isTls,
    requestId,
    writesForwarded: edge.forwarded,
    via: edge.via ? `${request.httpVersion === '2.0' ? '2' : request.httpVersion} ${PRODUCT}` : undefined,
    identityHeaders,
    dropAuthorization: enforced !== undefined && ownsAuthorization(enforced.plan),
    dropHeaders: trace?.callerSpanId === undefined ? TRACESTATE : NOTHING,
    set: trace?.traceparent === undefined ? identity : [...identity, 'traceparent', trace.traceparent],
    contentLength: body.kind === 'bytes' ? body.bytes.length : undefined,
  });
  const edits = transaction.settings?.requestEdits;
  return edits === undefined ? headers : editHeaders(headers, edits, identityHeaders);
}

/** On an exempt request as well: an upstream that trusts the header must not get a forged one. */
function ownsAuthorization({ upstream, bearer, clientCredentials }: PolicyPlan): boolean {
  if (upstream.token.kind === 'bearer') return true;
  const isSource = bearer || clientCredentials?.sources.includes('Basic') === true;
  return upstream.hideCredentials && isSource;
}
