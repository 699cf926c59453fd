/** Results of compile, made by hand, for what reports them. */

import type { CompileResult, PolicyVerdict } from '../../src/compile/result.ts';
import type { ObjectMeta } from '../../src/model/objects.ts';
import { emptyTable } from '../../src/model/table.ts';

export function compileResult(rest: Partial<CompileResult> = {}): CompileResult {
  return {
    table: emptyTable(),
    certificateKeys: {},
    unusableCertificates: {},
    backendKeys: {},
    providerKeys: {},
    problems: [],
    policies: {},
    ingresses: [],
    ...rest,
  };
}

/** Of an accepted policy that one Ingress names. */
export function policyVerdict(meta: ObjectMeta, rest: Partial<PolicyVerdict> = {}): PolicyVerdict {
  return {
    meta,
    accepted: { status: 'True', reason: 'Accepted', message: 'the policy is usable' },
    warnings: [{ reason: 'NoAudience', message: 'no audience is set' }],
    issuer: 'https://acme.eu.auth0.com/',
    plan: undefined,
    ingresses: {
      total: 1,
      enforced: 1,
      refused: 0,
      rows: [{ namespace: 'shop', name: 'orders', state: 'Enforced', reason: 'Enforced' }],
    },
    ...rest,
  };
}

export function objectMeta(name: string, rest: Partial<ObjectMeta> = {}): ObjectMeta {
  return { namespace: 'shop', name, uid: `uid-${name}`, generation: 1, createdAtMs: 0, ...rest };
}
