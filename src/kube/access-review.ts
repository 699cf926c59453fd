/** Asks the API server whose token a call came with, and whether they may: TokenReview, then SubjectAccessReview. */

import { z } from 'zod';

import type { Redacted } from '../model/redacted.ts';
import { ApiFailure, causeOf, messageOf } from './api-failure.ts';
import type { ClusterAccess } from './cluster.ts';
import { createKubeHttp, type KubeHttp } from './http.ts';

const CALL_TIMEOUT_MS = 5_000;
/** Whoever reaches the admin server can have tokens reviewed: what is beyond this is not asked. */
const MAX_UNDER_WAY = 4;
/** Nothing else is made for an audience; a password that was sent by mistake is not to be passed on. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What a call asks for, as `nonResourceURLs` and `verbs` of a ClusterRole name it. */
export interface GuardedCall {
  readonly path: string;
  readonly verb: string;
}

export type AccessVerdict =
  | { readonly kind: 'allowed'; readonly user: string }
  | { readonly kind: 'forbidden'; readonly user: string }
  /** A token of nobody, or one that was made for another audience. */
  | { readonly kind: 'unknown' }
  /** The API server was not asked, or gave no answer that counts. */
  | { readonly kind: 'unavailable'; readonly cause: string };

export interface AccessReviewer {
  /** What tokens must be made for. */
  readonly audience: string;
  /** Never rejects, and remembers nothing: a right that was taken away is missed at the next call. */
  review(token: Redacted<string>, call: GuardedCall): Promise<AccessVerdict>;
  close(): void;
}

const tokenReviewSchema = z.object({
  status: z.object({
    authenticated: z.boolean().nullish(),
    audiences: z.array(z.string()).nullish(),
    user: z
      .object({
        username: z.string().nullish(),
        uid: z.string().nullish(),
        groups: z.array(z.string()).nullish(),
        extra: z.record(z.string(), z.array(z.string())).nullish(),
      })
      .nullish(),
  }),
});

const subjectAccessReviewSchema = z.object({
  status: z.object({ allowed: z.boolean(), denied: z.boolean().nullish() }),
});

interface User {
  readonly username: string;
  readonly uid?: string | null | undefined;
  readonly groups?: readonly string[] | null | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | null | undefined;
}

export function createAccessReviewer(access: ClusterAccess, audience: string): AccessReviewer {
  const http = createKubeHttp(access);
  let underWay = 0;

  async function judge(token: Redacted<string>, call: GuardedCall): Promise<AccessVerdict> {
    const user = await userOf(http, token, audience);
    if (user === undefined) return { kind: 'unknown' };
    return { kind: (await mayCall(http, user, call)) ? 'allowed' : 'forbidden', user: user.username };
  }

  return {
    audience,
    async review(token, call) {
      if (!JWT.test(token.reveal())) return { kind: 'unknown' };
      if (underWay >= MAX_UNDER_WAY)
        return { kind: 'unavailable', cause: 'too many tokens are under review' };
      underWay += 1;
      try {
        return await judge(token, call);
      } catch (error) {
        return { kind: 'unavailable', cause: causeOf(error) };
      } finally {
        underWay -= 1;
      }
    },
    close: () => http.close(),
  };
}

/** `undefined`: nobody's token, or not one for `audience`. */
async function userOf(http: KubeHttp, token: Redacted<string>, audience: string): Promise<User | undefined> {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const spec = { token: token.reveal(), audiences: [audience] };
  const { status } = await create(http, path, { kind: 'TokenReview', spec }, tokenReviewSchema);
  // An authenticator that knows no audiences names none: such a token is one for the API server.
  const isForUs = status.audiences?.includes(audience) === true;
  const { username, ...rest } = status.user ?? {};
  // Of a token that is nobody's the user is there, and empty.
  return status.authenticated === true && isForUs && username ? { username, ...rest } : undefined;
}

async function mayCall(http: KubeHttp, user: User, nonResourceAttributes: GuardedCall): Promise<boolean> {
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const { username, uid, groups, extra } = user;
  const spec = { user: username, uid, groups, extra, nonResourceAttributes };
  const { status } = await create(
    http,
    path,
    { kind: 'SubjectAccessReview', spec },
    subjectAccessReviewSchema,
  );
  return status.allowed && status.denied !== true;
}

/** Of an answer that refuses for another reason than a right nothing is quoted: it may repeat what it was asked. */
async function create<T>(
  http: KubeHttp,
  path: string,
  review: { readonly kind: string; readonly spec: object },
  schema: z.ZodType<T>,
): Promise<T> {
  const apiVersion = path.split('/').slice(2, 4).join('/');
  const answer = await http.request({
    method: 'POST',
    path,
    body: { apiVersion, ...review },
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const { status, body, retryAfterMs } = answer;
  if (status !== 201) {
    const detail = status === 403 ? `: ${messageOf(body) ?? 'no reason given'}` : '';
    throw new ApiFailure(`cannot create a ${review.kind}: ${status}${detail}`, status, retryAfterMs);
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    throw new Error(`cannot create a ${review.kind}: the answer is not of the form of one`);
  return parsed.data;
}
