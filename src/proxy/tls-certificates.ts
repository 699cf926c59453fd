/** The certificates of the table as TLS contexts, chosen by the name that the caller asks for. */

import { createSecureContext, type SecureContext } from 'node:tls';

import type { Certificate, CertificateKey, RoutingTable } from '../model/table.ts';
import type { Logger } from '../telemetry/ports.ts';

export interface TlsCertificatesOptions {
  readonly logger: Logger;
  /** Wall clock. */
  readonly nowMs: () => number;
}

type HostIndex = Map<string, { readonly key: CertificateKey; readonly certificate: Certificate }[]>;

/** In PEM. */
export interface Fallback {
  readonly cert: string;
  readonly key: string;
}

/** A change takes effect with the next handshake; connections that are open are not touched. */
export class TlsCertificates {
  readonly #options: TlsCertificatesOptions;
  /** PEM private keys. */
  readonly #keys = new Map<CertificateKey, string>();
  #certificates: RoutingTable['certificates'] = {};
  /** `undefined`: to be made anew of `#certificates` when a name is asked for. */
  #byHost: HostIndex | undefined;
  #fallback: Fallback | undefined;
  /** By digest; `undefined` where the certificate cannot be used. */
  #contexts = new Map<string, SecureContext | undefined>();

  constructor(options: TlsCertificatesOptions) {
    this.#options = options;
  }

  /** For names that have no certificate, and where none is asked for. `undefined`: there is none. */
  get fallback(): Fallback | undefined {
    return this.#fallback;
  }

  /** `keys`: of the certificates that are new or changed. */
  apply(
    { certificates, defaultCertificate }: Pick<RoutingTable, 'certificates' | 'defaultCertificate'>,
    keys: Readonly<Record<CertificateKey, string>>,
  ): void {
    for (const [key, pem] of Object.entries(keys)) this.#keys.set(key, pem);
    // Nearly every change is one of something else, and there may be thousands of certificates.
    if (certificates !== this.#certificates) {
      this.#certificates = certificates;
      this.#byHost = undefined;
      for (const key of this.#keys.keys()) if (!Object.hasOwn(certificates, key)) this.#keys.delete(key);
    }
    this.#fallback = this.#fallbackOf(certificates, defaultCertificate);
  }

  /** For an exact name, else a wildcard of one label: of those that are valid now the newest that can be used. */
  contextFor(serverName: string): SecureContext | undefined {
    const host = serverName.toLowerCase();
    const dot = host.indexOf('.');
    return this.#newest(host) ?? (dot < 0 ? undefined : this.#newest(`*${host.slice(dot)}`));
  }

  /** The same object while it does not change. One that cannot be used is none. */
  #fallbackOf(
    certificates: RoutingTable['certificates'],
    name: CertificateKey | undefined,
  ): Fallback | undefined {
    const certificate = name === undefined ? undefined : certificates[name];
    const key = name === undefined ? undefined : this.#keys.get(name);
    if (name === undefined || certificate === undefined || key === undefined) return undefined;
    if (this.#contextOf(name, certificate) === undefined) return undefined;
    const { chain: cert } = certificate;
    const previous = this.#fallback;
    return previous?.cert === cert && previous.key === key ? previous : { cert, key };
  }

  /** Takes time with their number: not for changes that come one after the other before anybody asks. */
  #index(): HostIndex {
    if (this.#byHost !== undefined) return this.#byHost;
    const byHost: HostIndex = new Map();
    const kept = new Map<string, SecureContext | undefined>();
    for (const [key, certificate] of Object.entries(this.#certificates)) {
      const { digest, hosts } = certificate;
      if (this.#contexts.has(digest)) kept.set(digest, this.#contexts.get(digest));
      for (const host of hosts) {
        const others = byHost.get(host);
        if (others === undefined) byHost.set(host, [{ key, certificate }]);
        else others.push({ key, certificate });
      }
    }
    this.#contexts = kept;
    this.#byHost = byHost;
    return byHost;
  }

  #newest(host: string): SecureContext | undefined {
    const nowMs = this.#options.nowMs();
    const candidates = (this.#index().get(host) ?? [])
      .filter(({ certificate }) => certificate.notBeforeMs <= nowMs && nowMs < certificate.notAfterMs)
      .toSorted((a, b) => b.certificate.notBeforeMs - a.certificate.notBeforeMs);
    for (const { key, certificate } of candidates) {
      const context = this.#contextOf(key, certificate);
      if (context !== undefined) return context;
    }
    return undefined;
  }

  #contextOf(key: CertificateKey, { digest, chain }: Certificate): SecureContext | undefined {
    if (this.#contexts.has(digest)) return this.#contexts.get(digest);
    let context: SecureContext | undefined;
    try {
      context = createSecureContext({ cert: chain, key: this.#keys.get(key), minVersion: 'TLSv1.2' });
    } catch (error) {
      const cause = error instanceof Error && 'code' in error ? error.code : 'unknown';
      this.#options.logger.error({ secret: key, cause }, 'a certificate cannot be used');
    }
    this.#contexts.set(digest, context);
    return context;
  }
}
