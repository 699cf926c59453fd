/** Rate limits of the tenant and token quotas of single clients, with the headers in which Auth0 tells of them. */

/** Requests per window to `/oauth/token`, over all clients. */
export interface TenantLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** Tokens that one client, or all clients of one organization, may obtain. */
export interface TokenQuota {
  readonly perHour?: number;
  readonly perDay?: number;
}

const BUCKETS = [
  { name: 'per_hour', field: 'perHour', seconds: 3_600 },
  { name: 'per_day', field: 'perDay', seconds: 86_400 },
] as const;

/** Counts what is taken in windows that begin at whole multiples of their length since the epoch (UTC). */
class AlignedWindow {
  readonly capacity: number;
  readonly #windowMs: number;
  #used = 0;
  #startMs = 0;

  constructor(capacity: number, windowSeconds: number) {
    this.capacity = capacity;
    this.#windowMs = windowSeconds * 1_000;
  }

  remaining(nowMs: number): number {
    const startMs = nowMs - (nowMs % this.#windowMs);
    if (startMs !== this.#startMs) {
      this.#startMs = startMs;
      this.#used = 0;
    }
    return this.capacity - this.#used;
  }

  take(): void {
    this.#used += 1;
  }

  resetsInSeconds(nowMs: number): number {
    return Math.ceil((this.#windowMs - (nowMs % this.#windowMs)) / 1_000);
  }
}

export interface LimitVerdict {
  readonly isAllowed: boolean;
  /** Sent whether allowed or not. */
  readonly headers: Readonly<Record<string, string>>;
}

type QuotaWindows = readonly { readonly name: string; readonly window: AlignedWindow }[];

const UNLIMITED: LimitVerdict = { isAllowed: true, headers: {} };

export class Limits {
  #tenant: AlignedWindow | undefined;
  readonly #clients = new Map<string, QuotaWindows>();
  readonly #organizations = new Map<string, QuotaWindows>();

  /** `undefined` lifts the limit. */
  setTenantLimit(limit: TenantLimit | undefined): void {
    this.#tenant = limit && new AlignedWindow(limit.limit, limit.windowSeconds);
  }

  /** `{}` lifts the quota. */
  setClientQuota(clientId: string, quota: TokenQuota): void {
    this.#clients.set(clientId, windowsOf(quota));
  }

  /** `{}` lifts the quota. */
  setOrganizationQuota(organization: string, quota: TokenQuota): void {
    this.#organizations.set(organization, windowsOf(quota));
  }

  /** Counts one request against the limit of the tenant. */
  takeRequest(nowMs: number): LimitVerdict {
    const window = this.#tenant;
    if (window === undefined) return UNLIMITED;
    const isAllowed = window.remaining(nowMs) > 0;
    if (isAllowed) window.take();
    const inSeconds = window.resetsInSeconds(nowMs);
    return {
      isAllowed,
      headers: {
        'X-RateLimit-Limit': String(window.capacity),
        'X-RateLimit-Remaining': String(window.remaining(nowMs)),
        'X-RateLimit-Reset': String(Math.ceil(nowMs / 1_000) + inSeconds),
        ...(!isAllowed && { 'Retry-After': String(inSeconds) }),
      },
    };
  }

  /** Counts one token against the quotas of its client and of its organization. */
  takeToken(clientId: string, organization: string | undefined, nowMs: number): LimitVerdict {
    const client = this.#clients.get(clientId) ?? [];
    const shared = organization === undefined ? [] : (this.#organizations.get(organization) ?? []);
    const windows = [...client, ...shared].map(({ window }) => window);
    const exhausted = windows.filter((window) => window.remaining(nowMs) <= 0);
    if (exhausted.length === 0) for (const window of windows) window.take();
    const waits = exhausted.map((window) => window.resetsInSeconds(nowMs));
    return {
      isAllowed: exhausted.length === 0,
      headers: {
        ...(client.length > 0 && { 'Auth0-Client-Quota-Limit': formatQuota(client, nowMs) }),
        ...(shared.length > 0 && { 'Auth0-Organization-Quota-Limit': formatQuota(shared, nowMs) }),
        ...(waits.length > 0 && { 'Retry-After': String(Math.max(...waits)) }),
      },
    };
  }
}

function windowsOf(quota: TokenQuota): QuotaWindows {
  return BUCKETS.flatMap(({ name, field, seconds }) => {
    const capacity = quota[field];
    return capacity === undefined ? [] : [{ name, window: new AlignedWindow(capacity, seconds) }];
  });
}

/** `b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200`. */
function formatQuota(windows: QuotaWindows, nowMs: number): string {
  return windows
    .map(
      ({ name, window }) =>
        `b=${name};q=${window.capacity};r=${window.remaining(nowMs)};t=${window.resetsInSeconds(nowMs)}`,
    )
    .join(',');
}
