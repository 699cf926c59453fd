/** Reads the head of a request strictly: what is ambiguous is refused before any routing. */

export interface RequestHead {
  readonly method: string;
  /** The Host header as sent. */
  readonly authority: string;
  /** Lower-case, without port and trailing dot; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Byte for byte as sent; starts with `/`. */
  readonly path: string;
  /** Without `?`; `undefined` where there is no `?`. */
  readonly query: string | undefined;
}

export type ParsedHead =
  | { readonly kind: 'valid'; readonly head: RequestHead }
  | { readonly kind: 'invalid'; readonly fault: string };

/** `rawHeaders`: alternating names and values, as Node gives them. */
export declare function parseRequestHead(
  method: string,
  target: string,
  rawHeaders: readonly string[],
): ParsedHead;
