/** The certificates of the table as TLS contexts, chosen by the name that the caller asks for. */

import { createSecureContext, type SecureContext } from 'node:tls';

import type { Certificate, CertificateKey, RoutingTable } from '../model/table.ts';
import type { Logger } from '../telemetry/ports.ts';

export interface TlsCertificatesOptions {
  readonly logger: Logger;
  /** Wall clock. */
  readonly nowMs: () => number;
}

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
  #byHost = new Map<string, { readonly key: CertificateKey; readonly certificate: Certificate }[]>();
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
    for (const key of this.#keys.keys()) if (!Object.hasOwn(certificates, key)) this.#keys.delete(key);
    const kept = new Map<string, SecureContext | undefined>();
    this.#byHost = new Map();
    for (const [key, certificate] of Object.entries(certificates)) {
      if (this.#contexts.has(certificate.digest)) {
        kept.set(certificate.digest, this.#contexts.get(certificate.digest));
      }
      for (const host of certificate.hosts) {
        const others = this.#byHost.get(host);
        if (others === undefined) this.#byHost.set(host, [{ key, certificate }]);
        else others.push({ key, certificate });
      }
    }
    this.#contexts = kept;
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

  #newest(host: string): SecureContext | undefined {
    const nowMs = this.#options.nowMs();
    const candidates = (this.#byHost.get(host) ?? [])
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
