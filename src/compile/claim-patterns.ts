/** Finds patterns of the claim operator `Matches` that no token could ever be tested with. */

import { compilePattern } from '../authz/linear-pattern.ts';
import type { PolicySpec } from '../policy/schema.ts';
import { memoizeByObject } from './memoize.ts';
import type { Report } from './problem-list.ts';
import { quote } from './quote.ts';

interface PatternFault {
  readonly field: string;
  readonly message: string;
}

/** Reports every pattern that does not compile: the policy could then never be satisfied. */
export function checkClaimPatterns(spec: PolicySpec, report: Report): void {
  for (const { field, message } of faultsOf(spec)) report(field, { reason: 'InvalidObject', message });
}

const faultsOf = memoizeByObject((spec: PolicySpec): readonly PatternFault[] => {
  const lists = [
    { field: 'spec.require.claims', claims: spec.require.claims },
    ...spec.rules.map(({ require }, index) => ({
      field: `spec.rules[${index}].require.claims`,
      claims: require.claims,
    })),
  ];
  return lists.flatMap(({ field, claims }) =>
    claims.flatMap(({ operator, values }, index) =>
      operator === 'Matches'
        ? values.flatMap((value, at) => faultOf(value, `${field}[${index}].values[${at}]`))
        : [],
    ),
  );
});

function faultOf(pattern: string, field: string): readonly PatternFault[] {
  const compiled = compilePattern(pattern);
  return compiled.kind === 'valid' ? [] : [{ field, message: `${quote(pattern)}: ${compiled.fault}` }];
}
