/** Which Ingresses are ours, and what their class says about protection. */

import { API_GROUP, CONTROLLER_NAME, LEGACY_CLASS_ANNOTATION, POLICY_KIND } from '../model/names.ts';
import type { Decoded, IngressClassObject, IngressObject, ObjectKey, Snapshot } from '../model/objects.ts';
import { memoizeByObject } from './memoize.ts';
import { compareTexts } from './order.ts';
import type { Cause, ProblemList } from './problem-list.ts';
import { quote } from './quote.ts';
import type { CompileOptions } from './result.ts';

/** What `spec.parameters` of a class gives to Ingresses that name no policy. */
export type ClassDefault =
  | { readonly kind: 'none' }
  | { readonly kind: 'policy'; readonly key: ObjectKey }
  /** The class means to protect, but does not say how: its Ingresses may not be open. */
  | { readonly kind: 'broken'; readonly cause: Cause };

type ClassMatch =
  | OurMatch
  | { readonly kind: 'foreign' }
  /** The class that `spec.ingressClassName` names does not exist. */
  | { readonly kind: 'missing'; readonly name: string };

interface OurMatch {
  readonly kind: 'ours';
  readonly default: ClassDefault;
}

/** What decides which classes are ours. */
export type ClassOptions = Pick<CompileOptions, 'ingressClass' | 'watchIngressWithoutClass'>;

export type ClassSelector = (ingress: IngressObject) => ClassMatch;

/** Where an Ingress names its class. */
export const CLASS_FIELD = 'spec.ingressClassName';

const NO_DEFAULT: ClassDefault = { kind: 'none' };

export function createClassSelector(
  { ingressClasses }: Snapshot,
  options: ClassOptions,
  problems: ProblemList,
): ClassSelector {
  const ours = new Map<string, OurMatch>();
  for (const [name, decoded] of ingressClasses) {
    if (!isOurs(name, decoded, options)) continue;
    const classDefault = defaultOf(decoded);
    ours.set(name, { kind: 'ours', default: classDefault });
    // What cannot be decoded is reported for every kind alike.
    if (classDefault.kind === 'broken' && decoded.kind === 'valid') {
      problems.reporterFor('IngressClass', decoded.meta)('spec.parameters', classDefault.cause);
    }
  }
  const withoutClass = matchWithoutClass(ingressClasses, ours, options);

  return ({ annotations, ingressClassName }) => {
    // The annotation takes precedence: so the API had it while both were in use.
    const legacy = annotations[LEGACY_CLASS_ANNOTATION];
    const name = legacy ? legacy : ingressClassName;
    if (name === undefined || name === '') return withoutClass;
    const match = ours.get(name);
    if (match !== undefined) return match;
    // The annotation never needed an object of that name: to complain would be to meddle with other controllers.
    const isOthers = Boolean(legacy) || ingressClasses.has(name) || !mayBeOurs(name, options);
    return isOthers ? { kind: 'foreign' } : { kind: 'missing', name };
  };
}

/** A class that cannot be read may be ours, and may mean to protect. */
function isOurs(name: string, decoded: Decoded<IngressClassObject>, options: ClassOptions): boolean {
  if (!mayBeOurs(name, options)) return false;
  return decoded.kind === 'invalid' || decoded.value.controller === CONTROLLER_NAME;
}

function mayBeOurs(name: string, { ingressClass }: ClassOptions): boolean {
  return ingressClass === undefined || ingressClass === name;
}

const defaultOf = memoizeByObject((decoded: Decoded<IngressClassObject>): ClassDefault => {
  if (decoded.kind === 'invalid') {
    return broken(`IngressClass ${decoded.meta.name} cannot be read`);
  }
  const { parameters } = decoded.value;
  if (parameters === undefined) return NO_DEFAULT;
  const { apiGroup = '', kind, name, namespace } = parameters;
  const place = `spec.parameters of IngressClass ${decoded.meta.name}`;
  if (apiGroup !== API_GROUP || kind !== POLICY_KIND) {
    const found = `${quote(kind)} of ${quote(apiGroup)}`;
    return broken(`${place} must name an ${POLICY_KIND} of ${API_GROUP}, found ${found}`);
  }
  if (namespace === undefined) return broken(`${place} must have scope Namespace and name a namespace`);
  return { kind: 'policy', key: `${namespace}/${name}` };
});

function broken(message: string): ClassDefault {
  return { kind: 'broken', cause: { reason: 'InvalidObject', message } };
}

/** Of several default classes the newest takes an Ingress without a class, as in the admission of the API server. */
function matchWithoutClass(
  ingressClasses: Snapshot['ingressClasses'],
  ours: ReadonlyMap<string, OurMatch>,
  { watchIngressWithoutClass }: ClassOptions,
): ClassMatch {
  const [newest] = [...ingressClasses.values()]
    .filter((decoded) => decoded.kind === 'valid' && decoded.value.isDefault)
    .sort((a, b) => b.meta.createdAtMs - a.meta.createdAtMs || compareTexts(a.meta.name, b.meta.name));
  if (newest !== undefined) {
    return ours.get(newest.meta.name) ?? { kind: 'foreign' };
  }
  if (!watchIngressWithoutClass) return { kind: 'foreign' };
  const [only, ...others] = ours.values();
  // Where there is one class of ours, its protection holds for what we serve without a class too.
  return only !== undefined && others.length === 0 ? only : { kind: 'ours', default: NO_DEFAULT };
}
