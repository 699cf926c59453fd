/** Which requirements a request meets: those of the policy, and those of the rule that matches. */

import type { PolicyPlan, RequirementRule, Requirements } from '../model/table.ts';
import { pathReadings, readingMatches } from './path-readings.ts';

export interface RequestLine {
  readonly method: string;
  /** Raw, as sent. */
  readonly path: string;
}

/**
 * The policy's, then those of the first rule that matches. Where a service may read the path in two ways, the first
 * rule of each counts.
 */
export function requirementsOf(plan: PolicyPlan, request: RequestLine): readonly Requirements[] {
  if (plan.rules.length === 0) return [plan.require];
  const found = new Set([plan.require]);
  for (const reading of pathReadings(request.path)) {
    const rule = plan.rules.find((candidate) => covers(candidate, request.method, reading));
    if (rule !== undefined) found.add(rule.require);
  }
  return [...found];
}

/** What is asked of `GET` is asked of `HEAD` too: it shows the same resource (RFC 9110, section 9.3.2). */
function covers({ methods, paths }: RequirementRule, method: string, reading: string): boolean {
  return (
    (methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))) &&
    (paths.length === 0 || paths.some((pattern) => readingMatches(pattern, reading)))
  );
}
