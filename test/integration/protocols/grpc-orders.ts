/** A gRPC service written by hand, its server, and its client through the gateway. */

import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ClientDuplexStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';

import type { Backend, PolicyPlan } from '../../../src/model/table.ts';
import type { SelfSigned } from '../../../src/proxy/self-signed.ts';
import { BASIC, startGateway, type Gateway, type GatewayOptions } from '../proxy/harness.ts';
import { certificateFor, protocolTable, type Test } from './protocol-upstreams.ts';

export const HOST = 'shop.example.com';

const serialize = (text: string): Buffer => Buffer.from(text);
const deserialize = (bytes: Buffer): string => bytes.toString();
const codec = {
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};

const SERVICE = {
  Get: { path: '/shop.Orders/Get', requestStream: false, responseStream: false, ...codec },
  Watch: { path: '/shop.Orders/Watch', requestStream: false, responseStream: true, ...codec },
  Upload: { path: '/shop.Orders/Upload', requestStream: true, responseStream: false, ...codec },
  Chat: { path: '/shop.Orders/Chat', requestStream: true, responseStream: true, ...codec },
} as const satisfies ServiceDefinition;

const get: handleUnaryCall<string, string> = (call, answer) => {
  if (call.request === 'nothing') {
    answer({ code: status.NOT_FOUND, details: 'no such order: ü' });
    return;
  }
  const trailers = new Metadata();
  trailers.set('x-seen', String(call.metadata.get('authorization')[0]));
  call.sendMetadata(new Metadata());
  answer(null, `order ${call.request}`, trailers);
};

const watch: handleServerStreamingCall<string, string> = (call) => {
  for (let count = 1; count <= Number(call.request); count++) call.write(`event ${count}`);
  call.end();
};

const upload: handleClientStreamingCall<string, string> = (call, answer) => {
  let bytes = 0;
  call.on('data', (part: string) => (bytes += part.length));
  call.on('end', () => answer(null, String(bytes)));
};

/** Answers each message before the next comes. */
const chat: handleBidiStreamingCall<string, string> = (call) => {
  call.on('data', (message: string) => call.write(message.toUpperCase()));
  call.on('end', () => call.end());
};

export interface OrdersServer {
  readonly port: number;
  /** Chats that their client gave up. */
  cancelled: number;
}

/** `clients`: certificates of the callers that it knows, one of which each must show. Default: any caller. */
export async function startOrders(
  test: Test,
  tls?: SelfSigned,
  clients?: readonly string[],
): Promise<OrdersServer> {
  const server = new Server();
  const orders: { port: number; cancelled: number } = { port: 0, cancelled: 0 };
  const counted: handleBidiStreamingCall<string, string> = (call) => {
    call.on('cancelled', () => orders.cancelled++);
    chat(call);
  };
  server.addService(SERVICE, { Get: get, Watch: watch, Upload: upload, Chat: counted });
  const security =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          clients === undefined ? null : Buffer.from(clients.join('\n')),
          [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }],
          clients !== undefined,
        );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', security, (error, port) => (error ? reject(error) : resolve(port)));
  orders.port = await promise;
  test.after(() => server.forceShutdown());
  return orders;
}

export interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly string[];
  readonly trailers: Metadata;
}

export class OrdersClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async get(order: string, metadata = basic()): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const messages: string[] = [];
    const { path } = SERVICE.Get;
    const done = (_: ServiceError | null, message?: string): void => {
      if (message !== undefined) messages.push(message);
    };
    const call = this.#client.makeUnaryRequest(path, serialize, deserialize, order, metadata, done);
    call.on('status', (given: StatusObject) => resolve(outcome(given, messages)));
    return await promise;
  }

  async watch(count: number): Promise<Outcome> {
    const { path } = SERVICE.Watch;
    const call = this.#client.makeServerStreamRequest(path, serialize, deserialize, String(count), basic());
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const messages: string[] = [];
    call.on('data', (message: string) => messages.push(message));
    call.on('error', () => {});
    call.on('status', (given: StatusObject) => resolve(outcome(given, messages)));
    return await promise;
  }

  async upload(parts: readonly string[]): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const messages: string[] = [];
    const { path } = SERVICE.Upload;
    const done = (_: ServiceError | null, message?: string): void => {
      if (message !== undefined) messages.push(message);
    };
    const call = this.#client.makeClientStreamRequest(path, serialize, deserialize, basic(), done);
    call.on('status', (given: StatusObject) => resolve(outcome(given, messages)));
    for (const part of parts) call.write(part);
    call.end();
    return await promise;
  }

  chat(metadata = basic()): ClientDuplexStream<string, string> {
    const call = this.#client.makeBidiStreamRequest(SERVICE.Chat.path, serialize, deserialize, metadata);
    call.on('error', () => {});
    return call;
  }
}

function outcome({ code, details, metadata }: StatusObject, messages: readonly string[]): Outcome {
  return { code, details, messages, trailers: metadata };
}

function basic(): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', BASIC);
  return metadata;
}

export interface Way {
  readonly protocol: Backend['protocol'];
  readonly tls?: Backend['tls'];
  readonly plan?: PolicyPlan;
  /** The client speaks HTTP/2 without TLS; with it by default. */
  readonly isClearText?: boolean;
}

/** A client whose calls pass a gateway on their way to `port`. */
export async function throughGateway(
  test: Test,
  port: number,
  { protocol, isClearText = false, ...backend }: Way,
  options: Omit<GatewayOptions, 'table'> = {},
): Promise<{ readonly gateway: Gateway; readonly client: OrdersClient }> {
  const { cert, key } = certificateFor(HOST);
  const table = protocolTable(port, protocol, backend);
  const gateway = await startGateway(test, { ...options, table });
  const certificate = {
    hosts: [HOST],
    chain: cert,
    digest: 'd1',
    notBeforeMs: 0,
    notAfterMs: Number.MAX_SAFE_INTEGER,
  };
  gateway.apply(
    { ...table, certificates: { 'shop/tls': certificate } },
    { certificateKeys: { 'shop/tls': key } },
  );
  const address = `127.0.0.1:${isClearText ? gateway.port : gateway.httpsPort}`;
  const security = isClearText ? credentials.createInsecure() : credentials.createSsl(Buffer.from(cert));
  const client = new Client(address, security, {
    ...(isClearText ? {} : { 'grpc.ssl_target_name_override': HOST }),
    'grpc.default_authority': HOST,
    'grpc.enable_retries': 0,
  });
  test.after(() => client.close());
  return { gateway, client: new OrdersClient(client) };
}
