/** The statuses to be of the policies: what each is worth, and whose Ingresses it protects. */

import type { ObjectKey } from '../model/objects.ts';
import { MAX_STATUS_ROWS } from '../policy/status-schema.ts';
import { memoizeByInputs, memoizeByObject } from './memoize.ts';
import { compareNames, sortedRecord } from './order.ts';
import type { JudgedPolicy } from './policies.ts';
import type { Protection } from './protection.ts';
import type { PolicyVerdict } from './result.ts';
import type { IngressOutcome } from './serve-ingress.ts';

type Row = PolicyVerdict['ingresses']['rows'][number];

/** Each Ingress counts under the policy that it names, or that its class names for it. */
export function judgeIngresses(
  policies: ReadonlyMap<ObjectKey, JudgedPolicy>,
  namespaces: readonly (readonly IngressOutcome[])[],
): Readonly<Record<ObjectKey, PolicyVerdict>> {
  const named = new Map<ObjectKey, (readonly Row[])[]>();
  for (const outcomes of namespaces) {
    rowsOf(outcomes).forEach((rows, key) => {
      const known = named.get(key);
      if (known === undefined) named.set(key, [rows]);
      else known.push(rows);
    });
  }
  return sortedRecord(
    [...policies].map(([key, policy]) => {
      const rows = named.get(key) ?? [];
      return [key, remember(policy, rows, () => toVerdict(policy, rows.flat()))];
    }),
  );
}

const remember = memoizeByInputs<JudgedPolicy, PolicyVerdict>();

/** By policy. */
const rowsOf = memoizeByObject(
  (outcomes: readonly IngressOutcome[]): ReadonlyMap<ObjectKey, readonly Row[]> => {
    const rows = new Map<ObjectKey, Row[]>();
    for (const { ingress } of outcomes) {
      const outcome = outcomeOf(ingress.protection);
      if (outcome === undefined) continue;
      const { namespace, name } = ingress.meta;
      const { policy, state, reason } = outcome;
      const known = rows.get(policy) ?? [];
      known.push({ namespace, name, state, reason });
      rows.set(policy, known);
    }
    return rows;
  },
);

/** `undefined` where no policy is concerned. */
function outcomeOf(
  protection: Protection,
): ({ readonly policy: ObjectKey } & Pick<Row, 'state' | 'reason'>) | undefined {
  if (protection.kind === 'plan') {
    const { policy, mode } = protection.plan;
    const state = mode === 'DryRun' ? 'DryRun' : 'Enforced';
    return { policy, state, reason: state };
  }
  if (protection.kind === 'open' || protection.policy === undefined) return undefined;
  return { policy: protection.policy, state: 'Refused', reason: protection.cause.reason };
}

function toVerdict(policy: JudgedPolicy, rows: readonly Row[]): PolicyVerdict {
  const count = (state: Row['state']): number => rows.filter((row) => row.state === state).length;
  return {
    meta: policy.meta,
    accepted: accepted(policy),
    warnings: policy.warnings,
    issuer: policy.spec?.provider.issuer,
    plan: policy.kind === 'usable' ? policy.plan : undefined,
    ingresses: {
      total: rows.length,
      enforced: count('Enforced'),
      refused: count('Refused'),
      rows: rows.toSorted(compareNames).slice(0, MAX_STATUS_ROWS),
    },
  };
}

function accepted(policy: JudgedPolicy): PolicyVerdict['accepted'] {
  return policy.kind === 'usable'
    ? { status: 'True', reason: 'Accepted', message: 'the policy can be enforced' }
    : { status: 'False', reason: policy.reason, message: policy.message };
}
