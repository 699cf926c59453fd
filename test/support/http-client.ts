/** Plain HTTP calls as a caller makes them: any Host header to any local port. */

import { Agent as HttpAgent, request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';

export interface Call {
  /** Default: this machine. */
  readonly address?: string;
  readonly port: number;
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** HTTP Basic: `ID:SECRET`. */
  readonly basic?: string;
  /** TLS with this authority. */
  readonly ca?: string;
  /** TLS with any certificate, for this name. */
  readonly serverName?: string;
  /** Keeps connections. Default: a new one for each call. */
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as a JSON object; throws where it is not JSON. */
  json(): Record<string, unknown>;
}

/** Calls one after another, or at a time, as a library does that keeps connections or does not. */
export interface Client {
  call(options: Call): Promise<Answer>;
  close(): void;
}

export function http1Client(keepsConnection: boolean): Client {
  const settings = { keepAlive: true, maxSockets: 1 };
  const agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
  const agentFor = ({ ca, serverName }: Call): Agent =>
    ca === undefined && serverName === undefined ? agents.http : agents.https;
  return {
    call: (options) => call(keepsConnection ? { ...options, agent: agentFor(options) } : options),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Never follows a redirect. */
export function call(options: Call): Promise<Answer> {
  const { port, host = 'localhost', path = '/', method = 'GET', body, basic, ca, serverName } = options;
  const { address = '127.0.0.1', agent = false } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const settings: RequestOptions = {
    host: address,
    port,
    path,
    method,
    agent,
    servername: serverName ?? host,
    headers: {
      host,
      ...(basic === undefined ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...options.headers,
    },
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { rejectUnauthorized: false }),
  };
  const request = (ca === undefined && serverName === undefined ? httpRequest : httpsRequest)(
    settings,
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        }),
      );
    },
  );
  request.setTimeout(30_000, () => request.destroy(new Error('no answer within 30 s')));
  request.on('error', reject);
  request.end(body);
  return promise;
}
