/** Which requests pass without a token. */

import type { PolicyPlan } from '../model/table.ts';

export declare function isExempt(
  plan: PolicyPlan,
  request: { readonly method: string; readonly path: string },
  header: (name: string) => string | undefined,
): boolean;
