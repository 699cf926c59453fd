/** Sends a request on that may pass: chooses how its body travels, builds its head, starts the forwarding. */

import { hideBodyCredentials } from '../http/credentials.ts';
import type { PolicyPlan } from '../model/table.ts';
import { collectBody, type CollectedBody } from './caller-body.ts';
import type { ProxyContext } from './context.ts';
import type { Decision } from './decision.ts';
import { fail, protect } from './failure.ts';
import { Forwarding, type ForwardBody } from './forwarding.ts';
import type { Routed } from './guard.ts';
import { ProxyError } from './proxy-error.ts';
import { hasBody } from './response-writer.ts';
import type { Balancer } from './upstream/balancer.ts';
import { upstreamHead } from './upstream-request.ts';

/** Up to here a body of known length is read first: it goes out in one write, and can be sent again. */
const SMALL_BODY_BYTES = 16 * 1024;
const NO_BODY: ForwardBody = { kind: 'none' };

export interface Passage extends Routed {
  /** The policy that was enforced; `undefined` on an open route and in a dry run. */
  readonly plan: PolicyPlan | undefined;
  readonly decision: Decision | undefined;
  /** What has been read of the body in search of credentials. */
  readonly collected: CollectedBody | undefined;
}

export function passOn(context: ProxyContext, passage: Passage): void {
  const { transaction, balancer, collected } = passage;
  if (transaction.isOver) return;
  if (balancer === undefined || balancer.endpoints.length === 0) {
    fail(context, transaction, new ProxyError('NoEndpoints', 'the service has no endpoint'));
  } else if (transaction.upgrade !== undefined) {
    context.tunnels.open(context, passage, balancer);
  } else if (collected !== undefined) {
    send(context, passage, balancer, collectedBody(passage, collected));
  } else if (!hasBody(transaction)) {
    send(context, passage, balancer, NO_BODY);
  } else {
    sendWithBody(context, passage, balancer);
  }
}

function sendWithBody(context: ProxyContext, passage: Passage, balancer: Balancer): void {
  const { transaction } = passage;
  const { isChunked, contentLength } = transaction.fields;
  if (isChunked || contentLength > SMALL_BODY_BYTES) {
    send(context, passage, balancer, { kind: 'stream', prefix: undefined });
    return;
  }
  collectBody(context, transaction, contentLength, ({ bytes }) => {
    if (transaction.isOver) return;
    protect(context, transaction, () => send(context, passage, balancer, { kind: 'bytes', bytes }));
  });
}

function collectedBody({ transaction, plan }: Passage, { bytes, isWhole }: CollectedBody): ForwardBody {
  if (!isWhole) return { kind: 'stream', prefix: bytes };
  const names = plan?.clientCredentials?.parameterNames;
  if (names === undefined || plan?.upstream.hideCredentials !== true) return { kind: 'bytes', bytes };
  const contentType = transaction.fields.contentType ?? '';
  return { kind: 'bytes', bytes: Buffer.from(hideBodyCredentials({ contentType, bytes }, names)) };
}

function send(context: ProxyContext, passage: Passage, balancer: Balancer, body: ForwardBody): void {
  const { transaction, head, plan, decision, routing } = passage;
  const { identityHeaders } = routing;
  if (body.kind === 'bytes') transaction.requestBytes = body.bytes.length;
  const forwarding = new Forwarding(context, transaction, {
    balancer,
    method: head.method,
    head: upstreamHead({ transaction, head, plan, decision, identityHeaders, body }),
    body,
  });
  transaction.active = forwarding;
  forwarding.start();
}
