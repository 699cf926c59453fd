/** Explains what a policy asks of one request. */

import { isExempt } from '../authz/exemption.ts';
import { requirementsOf } from '../authz/requirements.ts';
import type { ClaimRequirement, PolicyPlan, Requirements } from '../model/table.ts';
import type { Line } from './lines.ts';

export interface ExplainedPlan {
  readonly lines: readonly Line[];
  /** The request came in clear text, and the policy refuses credentials that do. */
  readonly needsTls: boolean;
}

export function explainPlan(
  plan: PolicyPlan,
  request: { readonly method: string; readonly path: string; readonly isTls: boolean },
): ExplainedPlan {
  const head: readonly Line[] = [
    ['policy', plan.mode === 'DryRun' ? `${plan.policy} (DryRun: nothing is refused)` : plan.policy],
    ['issuer', plan.provider.issuer],
  ];
  if (isExempt(plan, request, () => undefined)) {
    return { lines: [...head, ['exempt', 'yes: no credentials are needed']], needsTls: false };
  }
  const needsTls = plan.transport === 'TlsOnly' && !request.isTls;
  const [always, ...byRules] = requirementsOf(plan, request);
  const lines: readonly Line[] = [
    ...head,
    ['credentials', describeCredentials(plan)],
    ['audience', plan.audiences.length === 0 ? 'any' : plan.audiences.join(' or ')],
    ...(always === undefined ? [] : requirementLines(always, '')),
    ...ruleLines(plan, byRules),
    ...(plan.transport === 'TlsOnly'
      ? [['transport', 'credentials are accepted over TLS only'] as const]
      : []),
  ];
  return { lines, needsTls: needsTls && plan.mode === 'Enforce' };
}

function describeCredentials({ clientCredentials, bearer }: PolicyPlan): string {
  const places = clientCredentials?.sources.map((source) => PLACES[source]).join(' or ');
  const ways = [
    ...(places === undefined ? [] : [`client ID and secret ${places}`]),
    ...(bearer ? ['a bearer token'] : []),
  ];
  return ways.join(' or ');
}

const PLACES = { Basic: 'by HTTP Basic', Query: 'in the query', Body: 'in the body' } as const;

function ruleLines({ rules }: PolicyPlan, matching: readonly Requirements[]): readonly Line[] {
  if (rules.length === 0) return [];
  if (matching.length === 0) return [['rule', 'none of the policy matches this request']];
  return matching.flatMap((require) => {
    const lines = requirementLines(require, 'rule ');
    return lines.length > 0 ? lines : [['rule', 'requires nothing more'] as const];
  });
}

function requirementLines(
  { scopes, scopesClaim, claims, clients }: Requirements,
  by: string,
): readonly Line[] {
  const lines: Line[] = [];
  if (scopes.length > 0) {
    const all = scopes.map((entry) => entry.replaceAll(' ', ' or ')).join(' and ');
    lines.push([`${by}scopes`, `${all}, in the claim ${scopesClaim}`]);
  }
  if (claims.length > 0) lines.push([`${by}claims`, claims.map(describeClaim).join(' and ')]);
  if (clients.length > 0) lines.push([`${by}clients`, clients.join(' or ')]);
  return lines;
}

function describeClaim({ path, operator, values }: ClaimRequirement): string {
  return [path.join('.'), operator, ...values.map((value) => JSON.stringify(value))].join(' ');
}
