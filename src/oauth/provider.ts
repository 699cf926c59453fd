/** One provider as the gateway knows it: its endpoints, its keys, and the pace at which it is asked. */

import { createHash } from 'node:crypto';

import type { Clock } from '../model/clock.ts';
import type { ProviderSettings } from '../model/table.ts';
import type { BrokerTelemetry } from '../telemetry/ports.ts';
import { algorithmFault } from './algorithms.ts';
import { Circuits } from './circuits.ts';
import {
  discoveryRequest,
  processDiscoveryResponse,
  withoutMember,
  type ProviderFault,
  type ProviderMetadata,
} from './discovery.ts';
import { ExchangeGate, type GateBounds } from './exchange-gate.ts';
import { jwksRequest, processJwksResponse, type KeySet } from './jwks.ts';
import { ProviderDocument, type Fetched } from './provider-document.ts';
import type { ProviderHttp } from './provider-http.ts';
import { verifyToken, type Verification, type VerificationInput } from './verifier.ts';

const METADATA_MAX_AGE_MS = 3_600_000;
const KEYS_MAX_AGE_MS = 600_000;
/** An unknown `kid` makes the keys be fetched no more often than this. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;

export interface ProviderOptions {
  readonly settings: ProviderSettings;
  readonly http: ProviderHttp;
  readonly clock: Clock;
  readonly telemetry: BrokerTelemetry;
  readonly gateBounds: GateBounds;
  /** Told when metadata, keys or their faults may have changed. */
  readonly onChange: () => void;
  readonly onKeysReplaced: (provider: Provider, previous: KeySet, next: KeySet) => void;
}

/** Providers with the same key are asked in the same way, and share everything. */
export function providerKeyOf({
  issuer,
  tokenEndpoint,
  jwksUri,
  ca,
  clientCertificate,
}: ProviderSettings): string {
  const parts = [issuer, tokenEndpoint, jwksUri, ca, clientCertificate?.digest];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

export class Provider {
  readonly key: string;
  readonly settings: ProviderSettings;
  readonly gate: ExchangeGate;
  readonly circuits: Circuits;
  /** Deadline for metadata and keys: the longest that a policy gives, so that none keeps them from the others. */
  timeoutMs: number;
  readonly #options: ProviderOptions;
  readonly #metadata: ProviderDocument<ProviderMetadata>;
  readonly #keys: ProviderDocument<KeySet>;
  #cancelWatch: (() => void) | undefined;
  #isForTokens = false;
  #isClosed = false;

  constructor(options: ProviderOptions) {
    const { settings, clock, telemetry } = options;
    this.#options = options;
    this.settings = settings;
    this.key = providerKeyOf(settings);
    this.timeoutMs = settings.timeoutMs;
    this.gate = new ExchangeGate(clock, options.gateBounds);
    this.circuits = new Circuits((state) => telemetry.circuitState(settings.issuer, state));
    this.#metadata = new ProviderDocument({
      fetch: () => this.#discover(),
      clock,
      maxAgeMs: METADATA_MAX_AGE_MS,
      onFetched: options.onChange,
    });
    this.#keys = new ProviderDocument({
      fetch: () => this.#fetchKeys(),
      clock,
      maxAgeMs: KEYS_MAX_AGE_MS,
      onFetched: (fetched, previous) => this.#keysFetched(fetched, previous),
    });
  }

  get metadata(): ProviderMetadata | undefined {
    return this.#metadata.current;
  }

  get keySet(): KeySet | undefined {
    return this.#keys.current;
  }

  /** Why the last look at the metadata or the keys failed. */
  get fault(): ProviderFault | undefined {
    return this.#metadata.fault ?? this.#keys.fault;
  }

  /** Where tokens are asked for. */
  tokenEndpoint(): Promise<Fetched<string>> {
    const { tokenEndpoint, clientCertificate } = this.settings;
    return this.#endpoint(
      tokenEndpoint,
      (metadata) =>
        (clientCertificate === undefined ? undefined : metadata.mtlsTokenEndpoint) ?? metadata.tokenEndpoint,
      'token_endpoint',
    );
  }

  /** Why no token signed with one of `algorithms` could be verified; `undefined`: it could. */
  async keysFault(algorithms: readonly string[]): Promise<ProviderFault | undefined> {
    const known = await this.#keys.obtain();
    if (known.kind === 'fault') return known;
    const { issuer } = this.settings;
    if (algorithmFault(issuer, known.value.keys, algorithms) === undefined) return undefined;
    await this.#keys.renew(UNKNOWN_KEY_PAUSE_MS);
    const { keys } = this.#keys.current ?? known.value;
    return algorithmFault(issuer, keys, algorithms);
  }

  /** Verifies with the keys at hand, and once more with new ones where they do not fit. */
  async verify(input: Omit<VerificationInput, 'keySet'>): Promise<Verification | ProviderFault> {
    const known = await this.#keys.obtain();
    if (known.kind === 'fault') return known;
    const first = await verifyToken({ ...input, keySet: known.value });
    const isKeyAtFault = first.kind === 'rejected' && (first.check === 'key' || first.check === 'signature');
    if (isKeyAtFault) await this.#keys.renew(UNKNOWN_KEY_PAUSE_MS);
    // A key that has vanished while its signature was checked counts no more.
    const keySet = this.#keys.current ?? known.value;
    const last = keySet === known.value ? first : await verifyToken({ ...input, keySet });
    const isKeyUnknown = last.kind === 'rejected' && last.check === 'key';
    // What is published now cannot be known.
    return isKeyUnknown && this.#keys.fault?.isOutage === true ? this.#keys.fault : last;
  }

  /**
   * Keeps the keys current until the provider is closed, and with `forTokens` the token endpoint: an exchange should
   * not have to wait for them.
   */
  watch(forTokens: boolean): void {
    this.#isForTokens ||= forTokens;
    if (this.#cancelWatch !== undefined || this.#isClosed) return;
    this.#cancelWatch = () => {};
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWatch?.();
    this.gate.close();
  }

  /** Never rejects: documents fail by value. */
  async #look(): Promise<void> {
    const { clock } = this.#options;
    await this.#keys.fetch();
    if (this.#isForTokens) await this.tokenEndpoint();
    if (this.#isClosed) return;
    // Spread by a tenth: a fleet of gateways should not ask at the same instant.
    const delayMs = Math.max(1_000, this.#keys.dueInMs) * (1 + clock.random() / 10);
    this.#cancelWatch = clock.schedule(delayMs, () => void this.#look());
  }

  async #discover(): Promise<Fetched<ProviderMetadata>> {
    const { timeoutMs, settings } = this;
    const request = discoveryRequest({ ...settings, timeoutMs });
    return processDiscoveryResponse(settings.issuer, await this.#options.http.send(request));
  }

  async #fetchKeys(): Promise<Fetched<KeySet>> {
    const { timeoutMs, settings } = this;
    const endpoint = await this.#endpoint(settings.jwksUri, (metadata) => metadata.jwksUri, 'jwks_uri');
    if (endpoint.kind === 'fault') return endpoint;
    const request = jwksRequest({ ...settings, timeoutMs }, endpoint.value);
    return processJwksResponse(endpoint.value, await this.#options.http.send(request));
  }

  async #endpoint(
    override: string | undefined,
    pick: (metadata: ProviderMetadata) => string | undefined,
    member: 'jwks_uri' | 'token_endpoint',
  ): Promise<Fetched<string>> {
    if (override !== undefined) return { kind: 'document', value: override };
    const found = await this.#metadata.obtain();
    if (found.kind === 'fault') return found;
    const value = pick(found.value);
    return value === undefined ? withoutMember(member, this.settings.issuer) : { kind: 'document', value };
  }

  #keysFetched(fetched: Fetched<KeySet>, previous: KeySet | undefined): void {
    if (this.#isClosed) return;
    const { telemetry, clock, settings, onChange, onKeysReplaced } = this.#options;
    telemetry.jwksFetched(settings.issuer, fetched.kind === 'document' ? 'ok' : 'failed', clock.nowMs());
    if (fetched.kind === 'document' && previous !== undefined) onKeysReplaced(this, previous, fetched.value);
    onChange();
  }
}
