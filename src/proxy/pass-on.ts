/** Sends a request on that may pass: chooses how its body travels, builds its head, starts the forwarding. */

import { hideBodyCredentials } from '../http/credentials.ts';
import { isClientLimited } from './admission.ts';
import { collectBody, type CollectedBody } from './caller-body.ts';
import type { ProxyContext } from './context.ts';
import { deny } from './decision.ts';
import { fail } from './failure.ts';
import { Forwarding, type ForwardBody } from './forwarding.ts';
import type { Enforced, Routed } from './routed.ts';
import type { Transaction } from './transaction.ts';
import { isGrpc } from './grpc.ts';
import { NOBODY } from './identity.ts';
import { ProxyError } from './proxy-error.ts';
import { sendProblem } from './respond.ts';
import { hasBody } from './unread-body.ts';
import type { Balancer } from './upstream/balancer.ts';
import { upstreamFields, upstreamHead, type UpstreamInput } from './upstream-request.ts';
import { upstreamTrailers } from './upstream-trailers.ts';

/** Up to here a body of known length is read first: it goes out in one write, and can be sent again. */
const SMALL_BODY_BYTES = 16 * 1024;
/** In which some of the requests that are under way end, usually. */
const OVERLOAD_PAUSE_MS = 1_000;
const NO_BODY: ForwardBody = { kind: 'none' };

export function passOn(context: ProxyContext, routed: Routed, enforced: Enforced | undefined): void {
  const { transaction, balancer } = routed;
  const { collected } = transaction;
  if (transaction.isOver) return;
  if (transaction.settings !== undefined) {
    // Only what has been proved: anyone could use up the limit of a client by its ID alone.
    const clientId = enforced?.decision.kind === 'allow' ? transaction.clientId : undefined;
    if (isClientLimited(context, transaction, clientId)) return;
  }
  if (balancer === undefined || balancer.endpoints.length === 0) {
    fail(context, transaction, new ProxyError('NoEndpoints', 'the service has no endpoint'));
  } else if (context.upstreamSlots !== undefined && !takeSlot(context, routed, balancer)) {
    const retryAtMs = context.nowMs() + OVERLOAD_PAUSE_MS;
    sendProblem(context, transaction, { ...deny('Overloaded', undefined), retryAtMs });
  } else if (transaction.upgrade !== undefined) {
    context.tunnels.open(context, balancer, upstreamInput(context, routed, enforced, NO_BODY));
  } else if (collected !== undefined) {
    const body = collectedBody(transaction, enforced, collected);
    send(context, balancer, upstreamInput(context, routed, enforced, body));
  } else if (!hasBody(transaction)) {
    send(context, balancer, upstreamInput(context, routed, enforced, NO_BODY));
  } else {
    sendWithBody(context, balancer, routed, enforced);
  }
}

/** Kept until the transaction is over. */
function takeSlot(
  { telemetry, upstreamSlots }: ProxyContext,
  { transaction, backend }: Routed,
  balancer: Balancer,
): boolean {
  transaction.slot = upstreamSlots?.take(backend, balancer);
  if (transaction.slot === undefined) telemetry.limitReached('upstream_requests');
  return transaction.slot !== undefined;
}

function sendWithBody(
  context: ProxyContext,
  balancer: Balancer,
  routed: Routed,
  enforced: Enforced | undefined,
): void {
  const { transaction } = routed;
  const { isChunked, contentLength } = transaction.fields;
  if (isChunked || contentLength > SMALL_BODY_BYTES) {
    send(context, balancer, upstreamInput(context, routed, enforced, { kind: 'stream', prefix: undefined }));
    return;
  }
  collectBody(context, transaction, contentLength, ({ bytes }) => {
    send(context, balancer, upstreamInput(context, routed, enforced, { kind: 'bytes', bytes }));
  });
}

function collectedBody(
  { fields }: Transaction,
  enforced: Enforced | undefined,
  { bytes, isWhole }: CollectedBody,
): ForwardBody {
  if (!isWhole) return { kind: 'stream', prefix: bytes };
  const names = enforced?.plan.clientCredentials?.parameterNames;
  if (names === undefined || enforced?.plan.upstream.hideCredentials !== true)
    return { kind: 'bytes', bytes };
  const contentType = fields.contentType ?? '';
  return { kind: 'bytes', bytes: Buffer.from(hideBodyCredentials({ contentType, bytes }, names)) };
}

function upstreamInput(
  { affinity, edge, identityOf }: ProxyContext,
  { transaction, head, routing, balancer }: Routed,
  enforced: Enforced | undefined,
  body: ForwardBody,
): UpstreamInput {
  const { identityHeaders } = routing;
  const isAllowed = enforced?.decision.kind === 'allow';
  const identity = isAllowed ? identityOf(enforced.plan, enforced.decision.grant) : NOBODY;
  const sticky = transaction.settings?.options.sessionAffinity;
  const preferred =
    sticky && balancer && affinity.endpointFor(balancer, sticky, transaction.fields.rawHeaders);
  return { transaction, head, enforced, identityHeaders, identity, body, preferred, edge };
}

function send(context: ProxyContext, balancer: Balancer, input: UpstreamInput): void {
  const { transaction, body } = input;
  if (body.kind === 'bytes') transaction.requestBytes = body.bytes.length;
  const request = {
    balancer,
    preferred: input.preferred,
    timeouts: transaction.settings?.timeouts ?? context.limits,
    method: input.head.method,
    head: upstreamHead(input),
    fields: () => upstreamFields(input),
    body,
    trailers: () => upstreamTrailers(input),
    host: input.head.host,
    isGrpc: isGrpc(transaction),
  };
  const forwarding = new Forwarding(context, transaction, request);
  transaction.active = forwarding;
  forwarding.start();
}
