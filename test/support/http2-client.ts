/** Calls by HTTP/2 as a library does: many on one connection, and what the gateway has not looked at is sent again. */

import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { text } from 'node:stream/consumers';

import type { Answer, Call, Client } from './http-client.ts';

const MAX_TRIES = 3;
const DEADLINE_MS = 30_000;

export function http2Client(keepsConnection: boolean): Client {
  /** By host: what a handshake settled holds for the host that it named. */
  const kept = new Map<string, Promise<ClientHttp2Session>>();

  async function sessionFor(options: Call): Promise<ClientHttp2Session> {
    const { host = 'localhost' } = options;
    const known = await kept.get(host)?.catch(() => undefined);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const opening = open(options);
    kept.set(host, opening);
    return await opening;
  }

  async function callOnce(options: Call): Promise<Answer> {
    if (keepsConnection) return await ask(await sessionFor(options), options);
    const session = await open(options);
    return await ask(session, options).finally(() => session.close());
  }

  return {
    async call(options) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await callOnce(options);
        } catch (error) {
          if (tries === MAX_TRIES || !wasNotLookedAt(error)) throw error;
        }
      }
    },
    close() {
      for (const opening of kept.values()) {
        void opening.then(
          (session) => session.destroy(),
          () => undefined,
        );
      }
    },
  };
}

async function open({ port, address = '127.0.0.1', host = 'localhost', ca }: Call) {
  const session = connect(`https://${address}:${port}`, {
    servername: host,
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
  });
  await once(session, 'connect', { signal: AbortSignal.timeout(DEADLINE_MS) }).catch((error: unknown) => {
    session.destroy();
    throw error;
  });
  // What it says, its streams say too.
  session.on('error', () => {});
  return session;
}

async function ask(session: ClientHttp2Session, options: Call): Promise<Answer> {
  const { host = 'localhost', path = '/', method = 'GET', body, basic } = options;
  const stream = session.request(
    {
      ':authority': host,
      ':path': path,
      ':method': method,
      ...(basic !== undefined && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
      ...options.headers,
    },
    { endStream: body === undefined },
  );
  stream.setTimeout(DEADLINE_MS, () => stream.destroy(new Error(`no answer within ${DEADLINE_MS} ms`)));
  if (body !== undefined) stream.end(body);
  return await answerOf(stream);
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer['headers']>();
  stream.on('response', resolve);
  stream.on('error', (error) => reject(new BrokenStream(stream.rstCode, error)));
  stream.on('close', () => reject(new BrokenStream(stream.rstCode)));
  const headers = await promise;
  const body = await text(stream);
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new BrokenStream(stream.rstCode);
  return {
    status: Number(headers[':status' as keyof typeof headers]),
    headers,
    text: body,
    json: () => JSON.parse(body) as Record<string, unknown>,
  };
}

class BrokenStream extends Error {
  readonly code: number;

  constructor(code: number, cause?: unknown) {
    super(`the stream ended with code ${code}: ${String(cause)}`, { cause });
    this.code = code;
  }
}

/** Behind the last stream that GOAWAY names, or refused: RFC 9113, section 8.7. */
function wasNotLookedAt(error: unknown): boolean {
  if (error instanceof BrokenStream) return error.code === constants.NGHTTP2_REFUSED_STREAM;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION';
}
