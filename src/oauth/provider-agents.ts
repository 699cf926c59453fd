/** Connections to providers: one pool for each TLS identity, through the proxy where one is set. */

import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

import { LRUCache } from 'lru-cache';
import { Agent, EnvHttpProxyAgent, buildConnector, type Dispatcher } from 'undici';

import type { Redacted } from '../model/redacted.ts';
import type { ProviderSettings } from '../model/table.ts';
import type { AddressRules } from './address-rules.ts';

/** As `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` hold them. */
export interface ProxySettings {
  readonly httpsProxy: string | undefined;
  readonly httpProxy: string | undefined;
  readonly noProxy: string | undefined;
}

/** What makes a TLS connection to a provider different from another. */
export type TlsIdentity = Pick<ProviderSettings, 'ca' | 'clientCertificate'>;

export interface ProviderAgentOptions {
  readonly rules: AddressRules;
  readonly proxy: ProxySettings | undefined;
  /** PEM private key of a client certificate, by `namespace/name` of its Secret. */
  readonly providerKey: (secret: string) => Redacted<string> | undefined;
}

export interface ProviderAgents {
  /** @throws where the private key of the client certificate is missing */
  agentFor(identity: TlsIdentity): Dispatcher;
  /** A mark in the order of events, for {@link ProviderAgents.wasIdle}. */
  mark(): number;
  /** Whether `error` came from a connection that was open, and so idle, before `mark`. */
  wasIdle(error: unknown, mark: number): boolean;
  /** What broke the connection first, such as a TLS alert before its end; `error` itself where that is not known. */
  causeOf(error: unknown): unknown;
  close(): Promise<void>;
}

/** Pools kept at once; one that is dropped finishes its calls. */
const MAX_AGENTS = 256;

export function createProviderAgents({ rules, proxy, providerKey }: ProviderAgentOptions): ProviderAgents {
  const agents = new LRUCache<string, Dispatcher>({
    max: MAX_AGENTS,
    // A pool that cannot be closed has no connection left to close.
    dispose: (agent) => void agent.close().catch(() => undefined),
  });
  const brokenSockets = new WeakMap<object, { readonly connectedAt: number; readonly cause: Error }>();
  let sequence = 0;

  function connectorFor(tls: SecureContextOptions): buildConnector.connector {
    const connect = buildConnector({ ...tls, lookup: rules.lookup, allowH2: false });
    return (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        rememberErrors(socket);
        return callback(null, socket);
      });
    };
  }

  function rememberErrors(socket: Socket): void {
    const connectedAt = ++sequence;
    let cause: Error | undefined;
    socket.prependListener('error', (error) => {
      cause ??= error;
      brokenSockets.set(error, { connectedAt, cause });
    });
  }

  function brokenBy(error: unknown) {
    return typeof error === 'object' && error !== null ? brokenSockets.get(error) : undefined;
  }

  function createAgent({ ca, clientCertificate }: TlsIdentity): Dispatcher {
    const tls: SecureContextOptions = { ...(ca !== undefined && { ca }) };
    if (clientCertificate !== undefined) {
      const key = providerKey(clientCertificate.secret);
      if (key === undefined) throw new Error(`the private key of ${clientCertificate.secret} is missing`);
      tls.cert = clientCertificate.chain;
      tls.key = key.reveal();
    }
    const connect = connectorFor(tls);
    if (proxy === undefined) return new Agent({ connect });
    return new EnvHttpProxyAgent({
      connect,
      requestTls: { ...tls, allowH2: false },
      // Empty rather than absent: undici would read the environment itself.
      httpProxy: proxy.httpProxy ?? '',
      httpsProxy: proxy.httpsProxy ?? '',
      noProxy: proxy.noProxy ?? '',
    });
  }

  return {
    agentFor(identity) {
      const key = JSON.stringify([identity.ca, identity.clientCertificate?.digest]);
      let agent = agents.get(key);
      if (agent === undefined) {
        agent = createAgent(identity);
        agents.set(key, agent);
      }
      return agent;
    },
    mark: () => ++sequence,
    wasIdle(error, mark) {
      const broken = brokenBy(error);
      return broken !== undefined && broken.connectedAt < mark;
    },
    causeOf: (error) => brokenBy(error)?.cause ?? error,
    async close() {
      const open = [...agents.values()];
      await Promise.allSettled(open.map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}
