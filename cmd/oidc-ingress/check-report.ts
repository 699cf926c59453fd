/** What `check` says of a token and of a refusal, in words, and never a token or secret. */

import { authorize } from '../../src/authz/authorize.ts';
import { tokenClientId } from '../../src/authz/claims.ts';
import type { Refusal, VerifiedClaims } from '../../src/authz/ports.ts';
import { REASONS } from '../../src/model/reasons.ts';
import type { PolicyPlan, RequirementRule } from '../../src/model/table.ts';
import type { Finding } from '../../src/oauth/provider-findings.ts';

/** Claims that decide what a token is good for, one line each. */
export function describeClaims(claims: VerifiedClaims, nowMs: number): readonly string[] {
  const { iss, aud, scope, permissions, org_id: organization, exp } = claims;
  const rows: readonly (readonly [name: string, value: unknown])[] = [
    ['issuer', iss],
    ['audience', aud],
    ['client', tokenClientId(claims)],
    ['scope', scope],
    ['permissions', permissions],
    ['organization', organization],
    ['expires', typeof exp === 'number' ? describeExpiry(exp * 1_000, nowMs) : undefined],
  ];
  return rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd('organization'.length)}  ${describeValue(value)}`],
  );
}

/** Whether the token meets what the policy requires of every request, and what each of its rules adds. */
export function judgeToken(plan: PolicyPlan, claims: VerifiedClaims, clientId: string): readonly Finding[] {
  const judge = (rules: readonly RequirementRule[], subject: string): Finding => {
    const verdict = authorize({ ...plan, rules }, claims, clientId, { method: 'GET', path: '/' });
    return verdict.kind === 'allow'
      ? { level: 'ok', reason: 'Allowed', message: `the token meets ${subject}` }
      : { level: 'error', reason: verdict.reason, message: `${subject}: ${verdict.detail}` };
  };
  const base = judge([], 'what the policy requires');
  if (base.level === 'error') return [base];
  const rules = plan.rules.map((rule, index): Finding => {
    // As the rule counts where it matches: without its conditions.
    const finding = judge([{ ...rule, methods: [], paths: [] }], `rule ${index + 1} (${describeRule(rule)})`);
    // Another client may be meant for it.
    return finding.level === 'error' ? { ...finding, level: 'warning' } : finding;
  });
  return [base, ...rules];
}

function describeRule({ methods, paths }: RequirementRule): string {
  const where = paths.map(({ path, pathType }) => (pathType === 'Prefix' ? `${path}…` : path));
  return [methods.join(', ') || 'any method', where.join(', ') || 'any path'].join(' on ');
}

/** What the gateway would answer, and what to do about it. */
export function describeRefusal(
  { reason, detail, retryAtMs }: Refusal,
  nowMs: number,
): readonly [summary: string, ...more: string[]] {
  const { status, title, remedy } = REASONS[reason];
  const retry =
    retryAtMs === undefined || retryAtMs <= nowMs
      ? []
      : [`a retry may succeed in ${describeDuration(retryAtMs - nowMs)}`];
  return [
    `${title}: ${detail}`,
    ...retry,
    `callers would get ${status} ${reason}`,
    remedy.replaceAll('`', ''),
  ];
}

function describeExpiry(atMs: number, nowMs: number): string {
  const date = new Date(atMs).toISOString();
  return atMs > nowMs
    ? `in ${describeDuration(atMs - nowMs)} (${date})`
    : `${describeDuration(nowMs - atMs)} ago (${date})`;
}

/** The two largest units that count: `23 h 59 min`. */
export function describeDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const parts = [
    { unit: 'd', amount: Math.floor(seconds / 86_400) },
    { unit: 'h', amount: Math.floor(seconds / 3_600) % 24 },
    { unit: 'min', amount: Math.floor(seconds / 60) % 60 },
    { unit: 's', amount: seconds % 60 },
  ];
  const first = parts.findIndex(({ amount }) => amount > 0);
  const told = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return told
    .filter(({ amount }, index) => amount > 0 || index === 0)
    .map(({ unit, amount }) => `${amount} ${unit}`)
    .join(' ');
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(describeValue).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
