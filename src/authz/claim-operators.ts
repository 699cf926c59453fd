/** What the operators of `require.claims` mean. */

import type { ClaimRequirement } from '../model/table.ts';
import { claimAt, claimTexts } from './claims.ts';
import { compilePattern, type CompiledPattern } from './linear-pattern.ts';
import type { VerifiedClaims } from './ports.ts';

/**
 * A single value counts as a list of one; numbers and booleans compare as their JSON text; objects satisfy nothing
 * but `Exists`, `null` nothing at all.
 *
 * - `Equals`: the claim holds exactly the values, in any order
 * - `OneOf`: the claim holds at least one of the values
 * - `Contains`: the claim holds all of the values
 * - `Matches`: one entry of the claim matches one of the patterns as a whole
 */
export function claimHolds(claims: VerifiedClaims, requirement: ClaimRequirement): boolean {
  return OPERATORS[requirement.operator](claimAt(claims, requirement.path), requirement);
}

type Operator = (value: unknown, requirement: ClaimRequirement) => boolean;

const OPERATORS: Readonly<Record<ClaimRequirement['operator'], Operator>> = {
  Exists: (value) => value !== undefined && value !== null,
  NotExists: (value) => value === undefined,
  Equals: (value, { values }) => isSameSet(value, values),
  OneOf: (value, { values }) => claimTexts(value).some((text) => values.includes(text)),
  Contains: (value, { values }) => hasAll(claimTexts(value), values),
  Matches: (value, requirement) =>
    claimTexts(value).some((text) => patternsOf(requirement).some((pattern) => matches(pattern, text))),
};

/** An entry that is no text makes the claim hold more than the values. */
function isSameSet(value: unknown, values: readonly string[]): boolean {
  const texts = claimTexts(value);
  const entries = Array.isArray(value) ? value.length : 1;
  return texts.length === entries && hasAll(texts, values) && texts.every((text) => values.includes(text));
}

function hasAll(texts: readonly string[], values: readonly string[]): boolean {
  return values.length > 0 && values.every((value) => texts.includes(value));
}

/** By requirement, so that patterns live as long as the plan that they belong to. */
const patterns = new WeakMap<ClaimRequirement, readonly CompiledPattern[]>();

function patternsOf(requirement: ClaimRequirement): readonly CompiledPattern[] {
  let compiled = patterns.get(requirement);
  if (compiled === undefined) {
    compiled = requirement.values.map(compilePattern);
    patterns.set(requirement, compiled);
  }
  return compiled;
}

/** A pattern that cannot be read matches nothing: the request is refused. */
function matches(pattern: CompiledPattern, text: string): boolean {
  return pattern.kind === 'valid' && pattern.test(text);
}
