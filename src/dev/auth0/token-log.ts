/** The token requests that the emulator has answered, without their secrets. */

import type { IncomingHttpHeaders } from 'node:http';

import type { ParsedTokenRequest } from './token-request.ts';

/** How many requests are remembered. */
const CAPACITY = 1_000;

export interface TokenRequestEntry {
  readonly atMs: number;
  readonly clientId: string | undefined;
  readonly authMethod: ParsedTokenRequest['authMethod'];
  readonly contentType: string | undefined;
  /** Every parameter but the client secret. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Every header but `authorization`. */
  readonly headers: IncomingHttpHeaders;
}

export class TokenLog {
  readonly #entries: TokenRequestEntry[] = [];

  get entries(): readonly TokenRequestEntry[] {
    return this.#entries;
  }

  add(request: ParsedTokenRequest | undefined, headers: IncomingHttpHeaders, atMs: number): void {
    const { authorization: _authorization, ...rest } = headers;
    this.#entries.push({
      atMs,
      clientId: request?.clientId,
      authMethod: request?.authMethod ?? 'none',
      contentType: headers['content-type'],
      parameters: request?.parameters ?? {},
      headers: rest,
    });
    if (this.#entries.length > CAPACITY) this.#entries.shift();
  }
}
