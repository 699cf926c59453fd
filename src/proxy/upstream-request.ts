/** Builds what the upstream gets: the caller's request without what the gateway owns, and with what it adds. */

import { claimAt, claimHeaderValue } from '../authz/claims.ts';
import { hideQueryCredentials } from '../http/credentials.ts';
import { headersForUpstream } from '../http/forward-headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { PolicyPlan } from '../model/table.ts';
import type { Decision } from './decision.ts';
import type { ForwardBody } from './forwarding.ts';
import type { Transaction } from './transaction.ts';

export interface UpstreamHeadInput {
  readonly transaction: Transaction;
  readonly head: RequestHead;
  /** The policy that was enforced; `undefined` on an open route and in a dry run. */
  readonly plan: PolicyPlan | undefined;
  readonly decision: Decision | undefined;
  readonly identityHeaders: ReadonlySet<string>;
  readonly body: ForwardBody;
}

const NOTHING: ReadonlySet<string> = new Set();
/** What would end a header line, or is no byte in latin1: written as latin1, U+010A would become a line feed. */
const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/;

/** The path and query that the upstream gets: byte for byte the caller's, less credentials in the query. */
export function upstreamTarget(head: RequestHead, plan: PolicyPlan | undefined): string {
  let { query } = head;
  const names = plan?.clientCredentials?.parameterNames;
  if (query !== undefined && names !== undefined && plan?.upstream.hideCredentials === true) {
    query = hideQueryCredentials(query, names);
  }
  return query === undefined ? head.path : `${head.path}?${query}`;
}

/** Request line and header lines, each ended by CRLF, and the empty line; latin1. */
export function upstreamHead(input: UpstreamHeadInput): string {
  const { head, plan, body, transaction } = input;
  const headers = upstreamHeaders(input);
  let text = `${head.method} ${upstreamTarget(head, plan)} HTTP/1.1\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  if (body.kind === 'stream' && transaction.fields.isChunked) text += 'Transfer-Encoding: chunked\r\n';
  return `${text}\r\n`;
}

/** Alternating names and values. */
export function upstreamHeaders(input: UpstreamHeadInput): string[] {
  const { transaction, head, plan, decision, identityHeaders, body } = input;
  const { caller, request, requestId } = transaction;
  return headersForUpstream(request.rawHeaders, {
    head,
    peerAddress: caller.peerAddress,
    isPeerTrusted: caller.isPeerTrusted,
    isTls: caller.isTls,
    requestId,
    identityHeaders,
    dropAuthorization: plan !== undefined && ownsAuthorization(plan),
    dropHeaders: NOTHING,
    set: plan !== undefined && decision?.kind === 'allow' ? identity(plan, decision) : [],
    contentLength: body.kind === 'bytes' ? body.bytes.length : undefined,
  });
}

/** On an exempt request as well: an upstream that trusts the header must not get a forged one. */
function ownsAuthorization({ upstream, bearer, clientCredentials }: PolicyPlan): boolean {
  if (upstream.token.kind === 'bearer') return true;
  const isSource = bearer || clientCredentials?.sources.includes('Basic') === true;
  return upstream.hideCredentials && isSource;
}

function identity({ upstream }: PolicyPlan, { grant }: Extract<Decision, { kind: 'allow' }>): string[] {
  const set: string[] = [];
  if (upstream.token.kind === 'bearer') set.push('Authorization', `Bearer ${safe(grant.token)}`);
  else if (upstream.token.kind === 'header') set.push(upstream.token.header, safe(grant.token));
  for (const { header, claim } of upstream.claimHeaders) {
    const value = claimHeaderValue(claimAt(grant.claims, claim));
    if (value !== undefined) set.push(header, safe(value));
  }
  return set;
}

function safe(value: string): string {
  if (UNSAFE.test(value)) throw new Error('a header of the gateway would hold a character that it may not');
  return value;
}
