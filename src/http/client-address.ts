/** Who the caller is on the network: its address and the request ID that it may choose. */

export declare function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string;

/** A trusted peer's `X-Request-Id` of 1–128 characters `[A-Za-z0-9._-]`, else `undefined`. */
export declare function acceptedRequestId(
  value: string | undefined,
  isPeerTrusted: boolean,
): string | undefined;
