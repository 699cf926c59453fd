/** A well-behaved caller of HTTP/2. */

import { once } from 'node:events';
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';

export const AUTHORITY = 'shop.example.com';

export interface Http2Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Statuses of interim responses. */
  readonly interim: readonly number[];
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Of the end of the stream: 0 where all went well. */
  readonly code: number;
}

/** A connection that ends with the test. */
export async function connectCaller(
  test: { after(fn: () => void): void },
  port: number,
): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    servername: AUTHORITY,
  });
  test.after(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

export function openStream(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  hasBody = false,
): ClientHttp2Stream {
  const stream = session.request(
    { ':authority': AUTHORITY, ':path': '/', ...headers },
    { endStream: !hasBody },
  );
  stream.on('error', () => {});
  return stream;
}

/** The whole answer; resolves when the stream has closed, in whichever way. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  const interim: number[] = [];
  const chunks: Buffer[] = [];
  stream.on('headers', (given) => interim.push(Number(given[':status'])));
  stream.on('response', (given) => (headers = given));
  stream.on('trailers', (given) => (trailers = given));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on('close', resolve);
  await promise;
  const body = Buffer.concat(chunks).toString('latin1');
  return { status: Number(headers[':status']), headers, interim, trailers, body, code: stream.rstCode };
}

export async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: Buffer | string,
): Promise<Http2Answer> {
  const stream = openStream(session, headers, body !== undefined);
  if (body !== undefined) stream.end(body);
  return await answerOf(stream);
}
