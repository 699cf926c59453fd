/** Requests to the Kubernetes API: whole answers and streams, with credentials, deadlines and bounds. */

import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';

import type { Authorization, ClusterAccess } from './cluster.ts';

/** Bound of one whole answer; 500 objects of the largest size that etcd takes are 750 MB, real pages a few. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Deadline of the whole answer; of a stream, until its first byte may come. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Asked when the connection is open and nothing is sent yet; `false`: nothing is sent, and the request rejects. */
  readonly mayStart?: () => boolean;
}

/** Any answer, whatever its status. */
export interface KubeResponse {
  readonly kind: 'answer';
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

interface KubeStream {
  readonly kind: 'stream';
  /** Ends with the answer; throws when the connection breaks. Leaving the loop closes the connection. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Both calls reject when there is no answer: {@link Unreachable} where none began, deadline, aborted. */
export interface KubeHttp {
  request(request: KubeRequest): Promise<KubeResponse>;
  /** A stream where the status is 200, else the answer. */
  stream(request: KubeRequest): Promise<KubeStream | KubeResponse>;
  /** Closes idle connections. Requests under way end with their own signals. */
  close(): void;
}

/** No answer began: refused, reset, no name, no trust in the certificate. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export function createKubeHttp(access: ClusterAccess): KubeHttp {
  const isTls = access.server.protocol === 'https:';
  // Idle connections are dropped early: one that died in silence costs the next request its deadline.
  const settings = { keepAlive: true, keepAliveMsecs: 15_000, timeout: 30_000 };
  const agent = isTls ? new HttpsAgent(settings) : new HttpAgent(settings);

  async function open(request: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const first = await send(await access.authorize(), request, signal).catch((error: unknown) => {
      // Its certificate authority may have been replaced, in a file that is read once.
      if (isDistrust(error)) access.reload();
      throw error;
    });
    if (first.statusCode !== 401) return first;
    first.resume();
    access.reload();
    return await send(await access.authorize(), request, signal);
  }

  function send(
    authorization: Authorization,
    request: KubeRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const options: RequestOptions = {
      method: request.method,
      agent: authorization.agent ?? agent,
      signal,
      headers: headersOf(authorization, request, body),
      ...(authorization.auth !== undefined && { auth: authorization.auth }),
      ...(isTls && authorization.tls),
    };
    const url = urlOf(access.server, request);
    return new Promise((resolve, reject) => {
      const sent = (isTls ? httpsRequest : httpRequest)(url, options, resolve);
      sent.on('error', (cause) => {
        const why = isTimeout(signal.reason) ? 'no answer in time' : cause.message;
        reject(new Unreachable(`cannot reach ${access.server.origin}: ${why}`, { cause }));
      });
      const { mayStart } = request;
      if (mayStart === undefined) sent.end(body);
      else {
        whenOpen(sent, () => {
          if (mayStart()) sent.end(body);
          else sent.destroy(new Error('not sent: the right to has ended'));
        });
      }
    });
  }

  return {
    async request(request) {
      const signal = withDeadline(request);
      return await readAnswer(await open(request, signal));
    },
    async stream(request) {
      const deadline = new AbortController();
      const timer = setTimeout(
        () => deadline.abort(new DOMException('timed out', 'TimeoutError')),
        request.timeoutMs,
      );
      try {
        const response = await open(request, anySignal(request.signal, deadline.signal));
        return response.statusCode === 200
          ? { kind: 'stream', chunks: response }
          : await readAnswer(response);
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Calls `run` when what is written to `sent` goes out at once, and waits for no handshake. */
function whenOpen(sent: ClientRequest, run: () => void): void {
  sent.once('socket', (socket: Socket & { readonly secureConnecting?: boolean }) => {
    if (socket.secureConnecting === true) socket.once('secureConnect', run);
    else if (socket.connecting) socket.once('connect', run);
    else run();
  });
}

/** The certificate of the server is not signed by whom the kubeconfig names, or that of the client is refused. */
function isDistrust(error: unknown): boolean {
  if (!(error instanceof Unreachable)) return false;
  const { code } = (error.cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && /CERT|SSL|TLS|UNABLE_TO/.test(code);
}

function headersOf(
  authorization: Authorization,
  request: KubeRequest,
  body: Buffer | undefined,
): Record<string, string> {
  return {
    ...authorization.headers,
    accept: 'application/json',
    'user-agent': 'oidc-ingress',
    ...(body !== undefined && {
      'content-type': request.contentType ?? 'application/json',
      'content-length': String(body.length),
    }),
  };
}

function urlOf(server: URL, { path, query }: KubeRequest): URL {
  // The server may stand under a path of its own, behind a gateway.
  const url = new URL(server.href.replace(/\/+$/, '') + path);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  return url;
}

function withDeadline({ signal, timeoutMs }: KubeRequest): AbortSignal {
  return anySignal(signal, AbortSignal.timeout(timeoutMs));
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

function anySignal(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other]);
}

async function readAnswer(response: IncomingMessage): Promise<KubeResponse> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`an answer of the API server exceeds ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const seconds = Number(response.headers['retry-after']);
  return {
    kind: 'answer',
    status: response.statusCode ?? 0,
    body: parseBody(Buffer.concat(chunks).toString('utf8')),
    retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
