/** Decides what protects the routes of one Ingress: nothing, a plan, or a refusal because what should cannot. */

import { annotation } from '../model/annotations.ts';
import { objectKey, type ObjectKey, type ObjectMeta, type Snapshot } from '../model/objects.ts';
import type { PlanKey, PolicyPlan } from '../model/table.ts';
import { annotationField } from './annotations/read-annotations.ts';
import type { AnnotationValues } from './annotations/values.ts';
import { CLASS_FIELD, type ClassDefault } from './classes.ts';
import { namespaceFault } from './namespaces.ts';
import { buildPlan } from './plan.ts';
import type { JudgedPolicy, UsablePolicy } from './policies.ts';
import type { Cause, Report } from './problem-list.ts';
import { quote } from './quote.ts';

export type Protection =
  | { readonly kind: 'open' }
  | { readonly kind: 'plan'; readonly key: PlanKey; readonly plan: PolicyPlan }
  /** `policy`: the one that would have protected, where one is named. */
  | { readonly kind: 'refuse'; readonly cause: Cause; readonly policy: ObjectKey | undefined };

export interface ProtectionContext {
  readonly policies: ReadonlyMap<ObjectKey, JudgedPolicy>;
  readonly namespaces: Snapshot['namespaces'];
}

/** A policy, and where it is named. */
interface Choice {
  readonly key: ObjectKey;
  readonly field: string;
  /** Whether the Ingress names it; a class names its default on behalf of the whole cluster. */
  readonly isOwn: boolean;
}

/** What an Ingress says about its protection. */
export interface ProtectedSubject {
  readonly meta: ObjectMeta;
  readonly values: Partial<AnnotationValues>;
  /** Why its annotations cannot be understood. */
  readonly fault: Cause | undefined;
  readonly report: Report;
}

const POLICY_FIELD = annotationField(annotation('policy'));

export function protectionOf(
  subject: ProtectedSubject,
  classDefault: ClassDefault,
  context: ProtectionContext,
): Protection {
  const { values, fault, report } = subject;
  const choice = choose(values, classDefault);
  const named = choice !== undefined && 'key' in choice ? choice.key : undefined;
  // What the author meant is not known: whatever else is right does not count.
  if (fault !== undefined) return { kind: 'refuse', cause: fault, policy: named };
  if (choice === undefined) return open(subject);
  if ('key' in choice) return underPolicy(subject, choice, context);
  report(values.policy?.kind === 'none' ? POLICY_FIELD : CLASS_FIELD, choice);
  return {
    kind: 'refuse',
    cause: choice,
    policy: classDefault.kind === 'policy' ? classDefault.key : undefined,
  };
}

/** @returns a policy, the cause why there is none, or `undefined` where none is wanted. */
function choose(
  { policy }: Partial<AnnotationValues>,
  classDefault: ClassDefault,
): Choice | Cause | undefined {
  if (policy?.kind === 'policy') return { key: policy.key, field: POLICY_FIELD, isOwn: true };
  if (classDefault.kind === 'none') return undefined;
  if (policy?.kind === 'none') {
    const message = 'none is not allowed under a class that has a default policy';
    return { reason: 'PolicyNotPermitted', message };
  }
  return classDefault.kind === 'broken'
    ? classDefault.cause
    : { key: classDefault.key, field: CLASS_FIELD, isOwn: false };
}

/** Scopes and audiences on an open Ingress mean that a policy was meant, too. */
function open({ values, report }: ProtectedSubject): Protection {
  const { audience, scopes } = values;
  if (audience === undefined && scopes === undefined) return { kind: 'open' };
  const name = annotation(audience === undefined ? 'scopes' : 'audience');
  const cause: Cause = {
    reason: 'InvalidAnnotation',
    message: `${name} has no effect without a policy: name one by ${annotation('policy')}`,
  };
  report(annotationField(name), cause);
  return { kind: 'refuse', cause, policy: undefined };
}

function underPolicy(
  { meta, values, report }: ProtectedSubject,
  choice: Choice,
  { policies, namespaces }: ProtectionContext,
): Protection {
  const refuse = (field: string, cause: Cause): Protection => {
    report(field, cause);
    return { kind: 'refuse', cause, policy: choice.key };
  };
  const policy = policies.get(choice.key);
  if (policy === undefined) {
    return refuse(choice.field, {
      reason: 'PolicyNotFound',
      message: `OIDCPolicy ${choice.key} does not exist`,
    });
  }
  const notPermitted = choice.isOwn ? permissionFault(policy, meta.namespace, namespaces) : undefined;
  if (notPermitted !== undefined) {
    const message = `OIDCPolicy ${choice.key} cannot be named from here: ${notPermitted}`;
    return refuse(choice.field, { reason: 'PolicyNotPermitted', message });
  }
  if (policy.kind === 'unusable') {
    const message = `OIDCPolicy ${choice.key} cannot be enforced: ${policy.reason}, see its condition Accepted`;
    return refuse(choice.field, { reason: 'PolicyInvalid', message });
  }
  const { audience, scopes = [] } = values;
  if (audience === undefined && scopes.length === 0) {
    return { kind: 'plan', key: policy.key, plan: policy.plan };
  }
  const narrowing = audienceFault(policy, audience);
  if (narrowing !== undefined) return refuse(annotationField(annotation('audience')), narrowing);
  const source = {
    key: policy.key,
    name: policy.meta.name,
    spec: policy.spec,
    provider: policy.plan.provider,
  };
  const plan = buildPlan(source, { audience, scopes });
  return { kind: 'plan', key: `${policy.key} @${objectKey(meta)}`, plan };
}

function permissionFault(
  { meta, spec }: JudgedPolicy,
  namespace: string,
  namespaces: Snapshot['namespaces'],
): string | undefined {
  // A policy that cannot be read admits nobody but is refused as invalid where it may be named in any case.
  if (meta.namespace === namespace) return undefined;
  return spec === undefined
    ? 'its allowedNamespaces cannot be read'
    : namespaceFault(spec.allowedNamespaces, namespace, namespaces);
}

/** Where the policy lists its audiences, an Ingress chooses among them. */
function audienceFault({ spec }: UsablePolicy, audience: string | undefined): Cause | undefined {
  const allowed = spec.require.audiences ?? [];
  if (audience === undefined || allowed.length === 0 || allowed.includes(audience)) return undefined;
  return {
    reason: 'InvalidAnnotation',
    message: `${quote(audience)} must be one of require.audiences of the policy`,
  };
}
