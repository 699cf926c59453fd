/** Who may purge tokens: whoever holds the token of the operator, or a token of the cluster and the right to. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { AccessReviewer, AccessVerdict, GuardedCall } from '../kube/access-review.ts';
import { Redacted } from '../model/redacted.ts';

/** Shorter ones could be guessed. */
const MIN_TOKEN_LENGTH = 16;

export interface PurgeGuard {
  /** File with the bearer token, read anew for each call; `undefined`: there is no such token. */
  readonly tokenFile: string | undefined;
  /** Judges tokens of the cluster; `undefined`: none is taken. */
  readonly reviewer: AccessReviewer | undefined;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly by: string }
  | { readonly kind: 'refused'; readonly status: 401 | 403 | 503; readonly error: string };

/** `authorization`: the header of the call. */
export async function admit(
  authorization: string | undefined,
  call: GuardedCall,
  { tokenFile, reviewer }: PurgeGuard,
): Promise<Admission> {
  const expected = await readToken(tokenFile);
  if (expected === undefined && reviewer === undefined) {
    return refused(
      403,
      'no usable --admin-token-file and no --admin-token-audience is set, so nobody may purge tokens',
    );
  }
  const [, given] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (given !== undefined && expected !== undefined && isSameToken(given, expected)) {
    return { kind: 'admitted', by: '--admin-token-file' };
  }
  const wanted = [
    ...(expected === undefined ? [] : ['the token of --admin-token-file']),
    ...(reviewer === undefined ? [] : [`a token of the cluster for the audience ${reviewer.audience}`]),
  ].join(', or ');
  if (given === undefined || reviewer === undefined) {
    return refused(401, `authorization: must be Bearer with ${wanted}`);
  }
  return admissionOf(await reviewer.review(new Redacted(given), call), call, wanted);
}

function admissionOf(verdict: AccessVerdict, { path, verb }: GuardedCall, wanted: string): Admission {
  if (verdict.kind === 'allowed') return { kind: 'admitted', by: verdict.user };
  if (verdict.kind === 'unknown') return refused(401, `authorization: must be Bearer with ${wanted}`);
  if (verdict.kind === 'unavailable') {
    return refused(503, `the API server did not say whose token this is: ${verdict.cause}`);
  }
  const { user } = verdict;
  return refused(403, `${user} may not: no ClusterRole gives it "${verb}" on the nonResourceURL ${path}`);
}

function refused(status: 401 | 403 | 503, error: string): Admission {
  return { kind: 'refused', status, error };
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch(() => '');
  const token = text.trim();
  return token.length >= MIN_TOKEN_LENGTH ? token : undefined;
}

/** Compares digests: of one length, and in constant time. */
function isSameToken(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
