/** What the gateway and the proxies around it tell each other beside the usual headers. */

export interface EdgeSettings {
  /** Connections of trusted proxies begin with a header of the PROXY protocol. */
  readonly proxyProtocol: boolean;
  /** Services get `Forwarded` (RFC 7239) as well. */
  readonly forwarded: boolean;
  /** Services get `Via`. */
  readonly via: boolean;
}

export const DEFAULT_EDGE: EdgeSettings = { proxyProtocol: false, forwarded: false, via: false };
