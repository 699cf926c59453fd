/** A tenant of the emulator: applications, APIs and client grants as the Auth0 dashboard knows them, and what changes in them. */

export type SigningAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'EdDSA';

/** A Machine to Machine application. */
interface TenantClient {
  readonly clientId: string;
  /** All of them are valid: during a rotation there are two. */
  readonly clientSecrets: readonly string[];
  readonly name?: string;
}

/** An API, in OAuth words a resource server. */
export interface TenantApi {
  /** The `audience`. */
  readonly identifier: string;
  /** Default 86400, as in Auth0. */
  readonly tokenLifetimeSeconds?: number;
  /** Default RS256. */
  readonly signingAlg?: SigningAlgorithm;
  /** Scopes that the API knows. */
  readonly scopes?: readonly string[];
  /** Token profile. Default `auth0`. */
  readonly profile?: 'auth0' | 'rfc9068';
  /** RBAC with "Add Permissions in the Access Token". Default false. */
  readonly rbac?: boolean;
}

/** A client grant: the application is authorised for the API. */
export interface TenantGrant {
  readonly clientId: string;
  readonly audience: string;
  readonly scopes?: readonly string[];
  /** Whether the application may, must or must not name an organization. Default `deny`. */
  readonly organizationUsage?: 'deny' | 'allow' | 'require';
  /** The organizations that it may name. */
  readonly organizations?: readonly string[];
  /** Further claims, as an Action of the tenant adds them. */
  readonly customClaims?: Readonly<Record<string, unknown>>;
}

export interface TenantConfig {
  readonly clients: readonly TenantClient[];
  readonly apis: readonly TenantApi[];
  readonly grants: readonly TenantGrant[];
  /** Used where a token request names none. */
  readonly defaultAudience?: string;
}

interface SecretWindow {
  readonly secret: string;
  readonly validUntilMs: number;
}

/** A tenant that people work on while it serves. */
export class Tenant {
  readonly #secrets = new Map<string, readonly SecretWindow[]>();
  readonly #apis: ReadonlyMap<string, TenantApi>;
  readonly defaultAudience: string | undefined;
  #grants: readonly TenantGrant[];

  constructor(config: TenantConfig) {
    for (const { clientId, clientSecrets } of config.clients) {
      this.#secrets.set(
        clientId,
        clientSecrets.map((secret) => ({ secret, validUntilMs: Number.POSITIVE_INFINITY })),
      );
    }
    this.#apis = new Map(config.apis.map((api) => [api.identifier, api]));
    this.#grants = config.grants;
    this.defaultAudience = config.defaultAudience;
  }

  isSecretValid(clientId: string, secret: string, nowMs: number): boolean {
    const windows = this.#secrets.get(clientId) ?? [];
    return windows.some((window) => window.secret === secret && nowMs < window.validUntilMs);
  }

  api(identifier: string): TenantApi | undefined {
    return this.#apis.get(identifier);
  }

  grant(clientId: string, audience: string): TenantGrant | undefined {
    return this.#grants.find((grant) => grant.clientId === clientId && grant.audience === audience);
  }

  /** `next` is valid from now on; the secrets before it until `previousValidUntilMs`. */
  rotateSecret(clientId: string, next: string, previousValidUntilMs: number): void {
    const before = (this.#secrets.get(clientId) ?? []).map(({ secret, validUntilMs }) => ({
      secret,
      validUntilMs: Math.min(validUntilMs, previousValidUntilMs),
    }));
    this.#secrets.set(clientId, [{ secret: next, validUntilMs: Number.POSITIVE_INFINITY }, ...before]);
  }

  deleteClient(clientId: string): void {
    this.#secrets.delete(clientId);
  }

  /** Adds a grant, or replaces the one for the same application and API. */
  setGrant(grant: TenantGrant): void {
    this.deleteGrant(grant.clientId, grant.audience);
    this.#grants = [...this.#grants, grant];
  }

  deleteGrant(clientId: string, audience: string): void {
    this.#grants = this.#grants.filter((grant) => grant.clientId !== clientId || grant.audience !== audience);
  }
}
