/** Which requests pass without a token. */

import type { Exemption, PolicyPlan } from '../model/table.ts';
import { pathReadings, readingMatches } from './path-readings.ts';

/**
 * Whether the policy exempts the request, or it is a CORS preflight that the policy lets through. Every way to read the
 * path must be exempt. `header` takes a lower-case name.
 */
export function isExempt(
  plan: PolicyPlan,
  request: { readonly method: string; readonly path: string },
  header: (name: string) => string | undefined,
): boolean {
  if (plan.exemptPreflight && request.method === 'OPTIONS' && isPreflight(header)) return true;
  if (plan.exempt.length === 0) return false;
  const exemptions = plan.exempt.filter((exemption) => allowsMethod(exemption, request.method));
  if (exemptions.length === 0) return false;
  return pathReadings(request.path).every((reading) =>
    exemptions.some((exemption) => readingMatches(exemption, reading)),
  );
}

/** Fetch standard, CORS-preflight request. */
function isPreflight(header: (name: string) => string | undefined): boolean {
  return header('origin') !== undefined && header('access-control-request-method') !== undefined;
}

function allowsMethod({ methods }: Exemption, method: string): boolean {
  return methods.length === 0 || methods.includes(method);
}
