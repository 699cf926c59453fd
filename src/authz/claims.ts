/** Reads claims of a verified token. */

import type { VerifiedClaims } from './ports.ts';

/** The value at `path`, one step for each level; own properties only. */
export declare function claimAt(claims: VerifiedClaims, path: readonly string[]): unknown;

export declare function claimHeaderValue(value: unknown): string | undefined;

/** The client that a token was issued to: `client_id`, else `azp`, else `sub` without a trailing `@clients`. */
export declare function tokenClientId(claims: VerifiedClaims): string | undefined;
