/** One call to a provider: no redirect, a deadline, a bounded answer, and only addresses that a provider may have. */

import { isIP, type BlockList, type LookupFunction } from 'node:net';

import type { Dispatcher } from 'undici';

import type { Redacted } from '../model/redacted.ts';
import { AddressRefused, createAddressRules, type AddressRules } from './address-rules.ts';
import { createProviderAgents, type ProxySettings, type TlsIdentity } from './provider-agents.ts';

export interface NetworkRules {
  /** Opens plain `http` and loopback. */
  readonly allowInsecureIssuers: boolean;
  readonly allowedBlocks: BlockList;
  /** With a proxy the rules of addresses apply to hosts that are addresses only: the proxy resolves the others. */
  readonly proxy: ProxySettings | undefined;
  /** Default: the resolver of the system. */
  readonly lookup?: LookupFunction;
}

export interface ProviderRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Redacted<string> | undefined;
  /** Deadline of the whole answer. */
  readonly timeoutMs: number;
  readonly tls: TlsIdentity;
}

/** Any answer, whatever its status. */
export interface ProviderAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** `undefined` where the content is not JSON. */
  readonly json: unknown;
}

export interface ProviderFailure {
  readonly kind: 'failure';
  /** Lowercase: what went wrong. Holds nothing that was sent or received. */
  readonly message: string;
  /** `setup`: nothing was sent, and no wait will cure it. */
  readonly cause: 'deadline' | 'setup' | 'network';
}

export type ProviderReply = ProviderAnswer | ProviderFailure;

/** Header names lower-case; of a repeated header all values, joined by `,`. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** Never rejects: whatever goes wrong is a {@link ProviderFailure}. */
export interface ProviderHttp {
  send(request: ProviderRequest): Promise<ProviderReply>;
  /** Breaks calls under way. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 256 * 1024;

const OWN_HEADERS = {
  'user-agent': 'oidc-ingress',
  accept: 'application/json',
  // Without it a provider may choose any (RFC 9110, section 12.5.3), and none is undone.
  'accept-encoding': 'identity',
};

export function createProviderHttp(
  network: NetworkRules,
  providerKey: (secret: string) => Redacted<string> | undefined,
): ProviderHttp {
  const rules = createAddressRules(network);
  const agents = createProviderAgents({ rules, proxy: network.proxy, providerKey });

  async function send(request: ProviderRequest): Promise<ProviderReply> {
    const url = URL.parse(request.url);
    const fault = url === null ? 'the URL is not valid' : urlFault(url, network, rules);
    if (url === null || fault !== undefined) return failure(fault ?? '', 'setup');
    const mark = agents.mark();
    const signal = AbortSignal.timeout(request.timeoutMs);
    try {
      const agent = agents.agentFor(request.tls);
      try {
        return await exchange(agent, url, request, signal);
      } catch (error) {
        // The provider closed a connection that had been idle, so it never looked at the request.
        if (!agents.wasIdle(error, mark) || signal.aborted) throw error;
        return await exchange(agent, url, request, signal);
      }
    } catch (error) {
      return failure(describe(agents.causeOf(error), url.host, request.timeoutMs), causeOf(error));
    }
  }

  return { send, close: () => agents.close() };
}

function urlFault(url: URL, network: NetworkRules, rules: AddressRules): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && network.allowInsecureIssuers)) {
    return `the URL of ${url.host} must use https`;
  }
  if (url.username !== '' || url.password !== '') return `the URL of ${url.host} must hold no user name`;
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(literal) !== 0 && !rules.permits(literal)
    ? `${literal} is not an address that a provider may have: see --allow-provider-cidrs`
    : undefined;
}

async function exchange(
  agent: Dispatcher,
  url: URL,
  request: ProviderRequest,
  signal: AbortSignal,
): Promise<ProviderReply> {
  const { statusCode, headers, body } = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    headers: { ...request.headers, ...OWN_HEADERS },
    body: request.body?.reveal() ?? null,
    signal,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > MAX_BODY_BYTES) return failure(`${url.host} answered with more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const plainHeaders = joinHeaders(headers);
  return {
    kind: 'answer',
    status: statusCode,
    headers: plainHeaders,
    json: parseJson(plainHeaders['content-type'], Buffer.concat(chunks)),
  };
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): ReplyHeaders {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return joined;
}

function parseJson(contentType: string | undefined, body: Buffer): unknown {
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType ?? '')) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function failure(message: string, cause: ProviderFailure['cause'] = 'network'): ProviderFailure {
  return { kind: 'failure', message, cause };
}

function causeOf(error: unknown): ProviderFailure['cause'] {
  if (error instanceof AddressRefused) return 'setup';
  return error instanceof Error && error.name === 'TimeoutError' ? 'deadline' : 'network';
}

/** Alerts by which a server says that it wants another client certificate, or one at all (RFC 8446, section 6.2). */
const ABOUT_OUR_CERTIFICATE =
  /_ALERT_(?:CERTIFICATE_(?:REQUIRED|UNKNOWN|EXPIRED|REVOKED)|(?:BAD|UNSUPPORTED)_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)$/;

function describe(error: unknown, host: string, timeoutMs: number): string {
  if (error instanceof AddressRefused) return error.message;
  if (!(error instanceof Error)) return `the call to ${host} failed`;
  if (error.name === 'TimeoutError') return `${host} did not answer within ${timeoutMs} ms`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  switch (code) {
    case undefined:
      return error.message;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name of ${host} cannot be resolved (${code})`;
    case 'ECONNREFUSED':
      return `${host} refuses the connection`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${host} is for another name`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${host} has expired`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `the certificate of ${host} is not trusted (${code}): see spec.provider.ca`;
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return `${host} closed the connection`;
    default:
      return ABOUT_OUR_CERTIFICATE.test(code)
        ? `${host} ends the TLS handshake (${code}): see spec.provider.clientCertificate`
        : `the call to ${host} failed (${code})`;
  }
}
