/** The Ingresses that are ours to serve, and what is told about those that nobody serves. */

import { annotation } from '../model/annotations.ts';
import { formatFault, type Fault } from '../model/faults.ts';
import type { Decoded, IngressObject, ObjectMeta, Snapshot } from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import { CLASS_FIELD, createClassSelector, type ClassDefault } from './classes.ts';
import { keepList, memoizeByInputs } from './memoize.ts';
import { endingNamespaces } from './namespaces.ts';
import { compareAge, compareNames, sortedLike } from './order.ts';
import { createProblemList, type Cause, type ProblemList, type Report } from './problem-list.ts';
import type { CompileOptions } from './result.ts';

export interface OwnIngress {
  readonly decoded: ReadableIngress;
  readonly meta: ObjectMeta;
  readonly value: IngressObject;
  /** Why it cannot be decoded: `value` then holds the requests to refuse. */
  readonly fault: Cause | undefined;
  readonly classDefault: ClassDefault;
  /** Whether it means to serve beside the routes of others, even where it does not say well how. */
  readonly isCanary: boolean;
}

/** One that can be decoded, or of which enough can be read to refuse what it would have served. */
export type ReadableIngress = Extract<Decoded<IngressObject>, { readonly kind: 'valid' }> | SalvagedIngress;

type SalvagedIngress = Extract<Decoded<IngressObject>, { readonly kind: 'invalid' }> & {
  readonly salvaged: IngressObject;
};

export interface OwnIngresses {
  /**
   * Oldest first, but those whose namespace is being deleted after all others: whoever comes first wins a conflict. Also
   * those that cannot be decoded, as far as they can be read.
   */
  readonly own: readonly OwnIngress[];
  /** The same by namespace; a list is the same object for as long as it holds the same. */
  readonly byNamespace: ReadonlyMap<string, readonly OwnIngress[]>;
  /** Those whose status is ours to write, sorted by name. */
  readonly metas: readonly ObjectMeta[];
  readonly problems: readonly Problem[];
}

/** The Ingresses of our classes. */
export function ownIngresses(snapshot: Snapshot, options: CompileOptions): OwnIngresses {
  const { ingresses, ingressClasses, namespaces } = snapshot;
  // By name: other changes of namespaces change nothing here.
  const ending = [...endingNamespaces(namespaces)].join();
  return remember(options, [ingresses, ingressClasses, ending], (last) => {
    const selected = selectOwn(snapshot, options, last?.own);
    return { ...selected, byNamespace: groupByNamespace(selected.own, last?.byNamespace) };
  });
}

const remember = memoizeByInputs<CompileOptions, OwnIngresses>();

function groupByNamespace(
  own: readonly OwnIngress[],
  before: OwnIngresses['byNamespace'] | undefined,
): OwnIngresses['byNamespace'] {
  const groups: ReadonlyMap<string, readonly OwnIngress[]> = Map.groupBy(own, ({ meta }) => meta.namespace);
  if (before === undefined) return groups;
  return new Map([...groups].map(([namespace, list]) => [namespace, keepList(before.get(namespace), list)]));
}

/** `last`: what was selected before, of which everything stays the same object that can. */
function selectOwn(
  snapshot: Snapshot,
  options: CompileOptions,
  last: OwnIngresses['own'] | undefined,
): Omit<OwnIngresses, 'byNamespace'> {
  const problems = createProblemList();
  const classOf = createClassSelector(snapshot, options, problems);
  const known = new Map(last?.map((ingress) => [ingress.decoded, ingress]));
  const own: OwnIngress[] = [];
  snapshot.ingresses.forEach((decoded) => {
    if (!isReadable(decoded)) return;
    const match = classOf(valueOf(decoded));
    if (match.kind === 'foreign') return;
    if (match.kind === 'missing') {
      const message = `IngressClass ${match.name} does not exist: nobody serves this Ingress`;
      problems.reporterFor('Ingress', decoded.meta)(CLASS_FIELD, { reason: 'IngressClassNotFound', message });
      return;
    }
    const before = known.get(decoded);
    own.push(before?.classDefault === match.default ? before : toOwn(decoded, match.default));
  });
  // Not of those sorted by age: an API server lists by name.
  const metas = own.filter(({ fault }) => fault === undefined).map(({ meta }) => meta);
  const byAge = sortedLike(own, last, (a, b) => compareAge(a.meta, b.meta));
  return {
    own: endingLast(byAge, endingNamespaces(snapshot.namespaces)),
    metas: metas.sort(compareNames),
    problems: problems.sorted(),
  };
}

function toOwn(decoded: ReadableIngress, classDefault: ClassDefault): OwnIngress {
  const value = valueOf(decoded);
  return {
    decoded,
    meta: decoded.meta,
    value,
    fault: decoded.kind === 'valid' ? undefined : unreadable(decoded.faults),
    classDefault,
    isCanary: Object.hasOwn(value.annotations, CANARY),
  };
}

function endingLast(own: readonly OwnIngress[], ending: ReadonlySet<string>): readonly OwnIngress[] {
  if (ending.size === 0) return own;
  const isEnding = ({ meta }: OwnIngress): boolean => ending.has(meta.namespace);
  return [...own.filter((ingress) => !isEnding(ingress)), ...own.filter(isEnding)];
}

export function isReadable(ingress: Decoded<IngressObject>): ingress is ReadableIngress {
  return ingress.kind === 'valid' || ingress.salvaged !== undefined;
}

export function valueOf(ingress: ReadableIngress): IngressObject {
  return ingress.kind === 'valid' ? ingress.value : ingress.salvaged;
}

function unreadable(faults: readonly Fault[]): Cause {
  return { reason: 'InvalidObject', message: faults.map(formatFault).join('; ') };
}

const CANARY = annotation('canary');

/** Reports of one Ingress. Every fault of an object that cannot be decoded is told already. */
export function reporterOf({ meta, fault }: OwnIngress, problems: ProblemList): Report {
  return fault === undefined ? problems.reporterFor('Ingress', meta) : tellNothing;
}

function tellNothing(): void {}
