/** The statuses to be: of a policy from what compile and the issuer say, of an Ingress from the published addresses. */

import { isIP } from 'node:net';

import { isSameValue } from '../decode/same-value.ts';
import { memoizeByObject } from '../compile/memoize.ts';
import type { PolicyVerdict, PolicyWarning } from '../compile/result.ts';
import type { Condition, IssuerState, IssuerWarning } from '../model/conditions.ts';
import { policyStatusSchema, type PolicyStatus } from '../policy/status-schema.ts';

/** Bound of a message in a condition. */
const MAX_MESSAGE = 4_096;

type WrittenCondition = NonNullable<PolicyStatus['conditions']>[number];

/** `live` is the status as it stands: a condition that keeps its status keeps the time of its last transition. */
export function policyStatus(
  verdict: PolicyVerdict,
  issuer: IssuerState,
  live: unknown,
  nowMs: number,
): PolicyStatus {
  const before = new Map(conditionsOf(live).map((condition) => [condition.type, condition]));
  const observedGeneration = verdict.meta.generation;
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = newConditions(verdict, issuer).map(({ type, status, reason, message }) => {
    const old = before.get(type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
    const text = message.slice(0, MAX_MESSAGE);
    return { type, status, reason, message: text, lastTransitionTime, observedGeneration };
  });
  const { total, enforced, refused, rows } = verdict.ingresses;
  return { observedGeneration, conditions, ingresses: { total, enforced, refused, rows: [...rows] } };
}

/** Whether `live` says all that `desired` does; conditions of others are not looked at. */
export function isSamePolicyStatus(live: unknown, desired: PolicyStatus): boolean {
  const parsed = readStatus(live);
  if (parsed === undefined) return false;
  const { observedGeneration, conditions = [], ingresses } = parsed;
  const ours = (desired.conditions ?? []).map(({ type }) =>
    conditions.find((condition) => condition.type === type),
  );
  return isSameValue({ observedGeneration, conditions: ours, ingresses }, desired);
}

function conditionsOf(live: unknown): readonly WrittenCondition[] {
  return readStatus(live)?.conditions ?? [];
}

function readStatus(live: unknown): PolicyStatus | undefined {
  return typeof live === 'object' && live !== null ? readOnce(live) : undefined;
}

/** A status is looked at after each change, and changes seldom. */
const readOnce = memoizeByObject((live: object): PolicyStatus | undefined => {
  const parsed = policyStatusSchema.safeParse(live);
  return parsed.success ? parsed.data : undefined;
});

function newConditions(verdict: PolicyVerdict, issuer: IssuerState): readonly Condition[] {
  const { accepted } = verdict;
  const { status, reason, message } = issuer;
  return [
    { type: 'Accepted', ...accepted },
    { type: 'IssuerReady', status, reason, message },
    programmed(accepted),
    warnings([...verdict.warnings, ...issuer.warnings]),
  ];
}

function programmed({ status }: PolicyVerdict['accepted']): Condition {
  const type = 'Programmed';
  return status === 'True'
    ? { type, status, reason: 'Programmed', message: 'every proxy thread serves the policy' }
    : { type, status, reason: 'NotAccepted', message: 'requests that the policy covers are refused' };
}

/** One condition holds them all: the first gives the reason, the message has a line for each. */
function warnings(all: readonly (PolicyWarning | IssuerWarning)[]): Condition {
  const type = 'Warnings';
  const [first] = all;
  if (first === undefined) return { type, status: 'False', reason: 'None', message: '' };
  const message = all.map(({ reason, message }) => `${reason}: ${message}`).join('\n');
  return { type, status: 'True', reason: first.reason, message };
}

export type LoadBalancerIngress = { readonly ip: string } | { readonly hostname: string };

/** IPv4 addresses and host names before IPv6 addresses, each group sorted, without duplicates. */
export function loadBalancerIngress(addresses: readonly string[]): readonly LoadBalancerIngress[] {
  const isLast = (address: string): number => (isIP(address) === 6 ? 1 : 0);
  return [...new Set(addresses)]
    .sort((a, b) => isLast(a) - isLast(b) || (a < b ? -1 : 1))
    .map((address) => (isIP(address) === 0 ? { hostname: address } : { ip: address }));
}

/** The `loadBalancer.ingress` of a status; ports that others publish there count as a difference. */
export function publishedIn(status: unknown): readonly unknown[] {
  const { loadBalancer } = (status ?? {}) as { readonly loadBalancer?: { readonly ingress?: unknown } };
  return Array.isArray(loadBalancer?.ingress) ? loadBalancer.ingress : [];
}
