/** Builds what the upstream gets: the caller's request without what the gateway owns, and with what it adds. */

import { hideQueryCredentials } from '../http/credentials.ts';
import { fieldLines } from '../http/field-lines.ts';
import { headersForUpstream, keptHeaders, type ForwardContext } from '../http/forward-headers.ts';
import { areCallerHeadersConstant, callerHeaders, forwardingHeaders } from '../http/forwarding.ts';
import { editHeaders } from '../http/header-edits.ts';
import type { RequestFields } from '../http/request-fields.ts';
import type { RequestHead } from '../http/request-head.ts';
import { rewrittenPath } from '../http/rewrite.ts';
import { PRODUCT } from '../model/names.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { Caller } from './caller.ts';
import type { EdgeSettings } from './edge.ts';
import type { ForwardBody } from './forwarding.ts';
import type { Identity } from './identity.ts';
import type { Enforced } from './routed.ts';
import type { Transaction } from './transaction.ts';
import type { UpstreamEndpoint } from './upstream/endpoint.ts';

export interface UpstreamInput {
  readonly transaction: Transaction;
  readonly head: RequestHead;
  readonly enforced: Enforced | undefined;
  readonly identityHeaders: ReadonlySet<string>;
  /** What tells the upstream who the caller is. */
  readonly identity: Identity;
  readonly body: ForwardBody;
  readonly edge: EdgeSettings;
  /** The endpoint that session affinity asks for. */
  readonly preferred: UpstreamEndpoint | undefined;
}

const NOTHING: readonly string[] = [];
/** It says more about a trace that is not gone on with. */
const TRACESTATE = ['tracestate'];

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
  const { fields, settings } = transaction;
  const coding = body.kind === 'stream' && fields.isChunked ? 'Transfer-Encoding: chunked\r\n' : '';
  const lines =
    settings?.requestEdits === undefined ? upstreamLines(input) : fieldLines(upstreamHeaders(input));
  return `${head.method} ${upstreamTarget(input)} HTTP/1.1\r\n${lines}${coding}\r\n`;
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
  const { identityHeaders, transaction } = input;
  const context = forwardContext(input);
  const headers = headersForUpstream(transaction.fields, context);
  const edits = transaction.settings?.requestEdits;
  return edits === undefined ? headers : editHeaders(headers, edits, identityHeaders);
}

/** What {@link upstreamHeaders} says where the route edits nothing, made of parts that are known already. */
function upstreamLines(input: UpstreamInput): string {
  const { transaction, identity } = input;
  const { caller, fields, requestId, trace } = transaction;
  const context = forwardContext(input);
  const kept = fieldLines(keptHeaders(fields, context));
  const forwarding = forwardingLines(caller, fields, context);
  const traced = trace?.traceparent === undefined ? '' : `traceparent: ${trace.traceparent}\r\n`;
  return `${kept}${forwarding}X-Request-Id: ${requestId}\r\n${identity.lines}${traced}`;
}

/** A connection carries requests for any number of hosts, but most of them for one port. */
function forwardingLines(caller: Caller, { rawHeaders }: RequestFields, context: ForwardContext): string {
  const { authority, port } = context.head;
  if (!areCallerHeadersConstant(context)) return fieldLines(forwardingHeaders(rawHeaders, context));
  if (caller.forwarding === undefined || caller.forwarding.port !== port) {
    caller.forwarding = { port, lines: fieldLines(callerHeaders(rawHeaders, context)) };
  }
  return `${caller.forwarding.lines}X-Forwarded-Host: ${authority}\r\n`;
}

function forwardContext(input: UpstreamInput): ForwardContext {
  const { transaction, head, enforced, identityHeaders, identity, body, edge } = input;
  const { caller, request, requestId, trace } = transaction;
  return {
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
    set: identity.headers,
    setNames: identity.names,
    traceparent: trace?.traceparent,
    contentLength: body.kind === 'bytes' ? body.bytes.length : undefined,
  };
}

/** On an exempt request as well: an upstream that trusts the header must not get a forged one. */
function ownsAuthorization({ upstream, bearer, clientCredentials }: PolicyPlan): boolean {
  if (upstream.token.kind === 'bearer') return true;
  const isSource = bearer || clientCredentials?.sources.includes('Basic') === true;
  return upstream.hideCredentials && isSource;
}
