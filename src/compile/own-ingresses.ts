/** The Ingresses that are ours to serve, and what is told about those that nobody serves. */

import { annotation } from '../model/annotations.ts';
import { formatFault, type Fault } from '../model/faults.ts';
import type { IngressObject, ObjectMeta, Snapshot } from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import { CLASS_FIELD, createClassSelector, type ClassDefault } from './classes.ts';
import { memoizeByInputs } from './memoize.ts';
import { endingNamespaces } from './namespaces.ts';
import { compareAge, compareNames } from './order.ts';
import { createProblemList, type Cause, type ProblemList, type Report } from './problem-list.ts';
import type { CompileOptions } from './result.ts';

export interface OwnIngress {
  readonly meta: ObjectMeta;
  readonly value: IngressObject;
  /** Why it cannot be decoded: `value` then holds the requests to refuse. */
  readonly fault: Cause | undefined;
  readonly classDefault: ClassDefault;
  /** Whether it means to serve beside the routes of others, even where it does not say well how. */
  readonly isCanary: boolean;
}

export interface OwnIngresses {
  /**
   * Oldest first, but those whose namespace is being deleted after all others: whoever comes first wins a conflict. Also
   * those that cannot be decoded, as far as they can be read.
   */
  readonly own: readonly OwnIngress[];
  /** Those whose status is ours to write, sorted by name. */
  readonly metas: readonly ObjectMeta[];
  readonly problems: readonly Problem[];
}

/** The Ingresses of our classes. */
export function ownIngresses(snapshot: Snapshot, options: CompileOptions): OwnIngresses {
  const { ingresses, ingressClasses, namespaces } = snapshot;
  // By name: other changes of namespaces change nothing here.
  const ending = [...endingNamespaces(namespaces)].join();
  return remember(ingresses, [ingressClasses, ending, options], () => selectOwn(snapshot, options));
}

const remember = memoizeByInputs<Snapshot['ingresses'], OwnIngresses>();

function selectOwn(snapshot: Snapshot, options: CompileOptions): OwnIngresses {
  const problems = createProblemList();
  const classOf = createClassSelector(snapshot, options, problems);
  const own: OwnIngress[] = [];
  for (const ingress of snapshot.ingresses.values()) {
    const { meta } = ingress;
    const value = ingress.kind === 'valid' ? ingress.value : ingress.salvaged;
    if (value === undefined) continue;
    const match = classOf(value);
    if (match.kind === 'foreign') continue;
    if (match.kind === 'missing') {
      const message = `IngressClass ${match.name} does not exist: nobody serves this Ingress`;
      problems.reporterFor('Ingress', meta)(CLASS_FIELD, { reason: 'IngressClassNotFound', message });
      continue;
    }
    const fault = ingress.kind === 'valid' ? undefined : unreadable(ingress.faults);
    const isCanary = Object.hasOwn(value.annotations, CANARY);
    own.push({ meta, value, fault, classDefault: match.default, isCanary });
  }
  const ending = endingNamespaces(snapshot.namespaces);
  const isLast = ({ meta }: OwnIngress): number => (ending.has(meta.namespace) ? 1 : 0);
  own.sort((a, b) => isLast(a) - isLast(b) || compareAge(a.meta, b.meta));
  const readable = own.filter(({ fault }) => fault === undefined);
  return { own, metas: readable.map(({ meta }) => meta).sort(compareNames), problems: problems.sorted() };
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
