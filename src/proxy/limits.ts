/** Times and sizes within which the data plane works. */

/** How long an upstream is waited for; routes may have their own. */
export interface UpstreamTimeouts {
  readonly connectTimeoutMs: number;
  /** From the last byte of the request to the first byte of the answer. */
  readonly firstByteTimeoutMs: number;
  /** Without a byte in either direction, whoever is at fault. */
  readonly idleTimeoutMs: number;
}

export interface ProxyLimits extends UpstreamTimeouts {
  /** Request line and header fields together. */
  readonly headerBytes: number;
  readonly headersTimeoutMs: number;
  /** Longer than the idle time of any load balancer in front. */
  readonly keepAliveTimeoutMs: number;
  /** Open connections from callers, over all threads. */
  readonly connections: number;
  /** Of one address that is no trusted proxy. */
  readonly connectionsPerAddress: number;
  /** Requests at one backend at the same time, over all threads. `Infinity`: as many as come. */
  readonly upstreamRequests: number;
  /** How often deadlines are looked at: no deadline is more exact than this. */
  readonly sweepIntervalMs: number;
}

export const DEFAULT_LIMITS: ProxyLimits = {
  headerBytes: 16 * 1024,
  headersTimeoutMs: 15_000,
  keepAliveTimeoutMs: 75_000,
  connectTimeoutMs: 5_000,
  firstByteTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  connections: 20_000,
  connectionsPerAddress: Infinity,
  upstreamRequests: Infinity,
  sweepIntervalMs: 500,
};
