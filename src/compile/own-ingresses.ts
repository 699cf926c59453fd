/** The Ingresses that are ours to serve, and what is told about those that nobody serves. */

import { formatFault, type Fault } from '../model/faults.ts';
import type { IngressObject, ObjectMeta, Snapshot } from '../model/objects.ts';
import { CLASS_FIELD, createClassSelector, type ClassDefault } from './classes.ts';
import { compareAge } from './order.ts';
import type { Cause, ProblemList, Report } from './problem-list.ts';
import type { CompileOptions } from './result.ts';

export interface OwnIngress {
  readonly meta: ObjectMeta;
  readonly value: IngressObject;
  /** Why it cannot be decoded: `value` then holds the requests to refuse. */
  readonly fault: Cause | undefined;
  readonly classDefault: ClassDefault;
  readonly report: Report;
}

/** The Ingresses of our classes, oldest first; also those that cannot be decoded, as far as they can be read. */
export function ownIngresses(
  snapshot: Snapshot,
  options: CompileOptions,
  problems: ProblemList,
): readonly OwnIngress[] {
  const classOf = createClassSelector(snapshot, options, problems);
  const own: OwnIngress[] = [];
  for (const ingress of snapshot.ingresses.values()) {
    const { meta } = ingress;
    const value = ingress.kind === 'valid' ? ingress.value : ingress.salvaged;
    if (value === undefined) continue;
    const match = classOf(value);
    if (match.kind === 'foreign') continue;
    const report = problems.reporterFor('Ingress', meta);
    if (match.kind === 'missing') {
      const message = `IngressClass ${match.name} does not exist: nobody serves this Ingress`;
      report(CLASS_FIELD, { reason: 'IngressClassNotFound', message });
      continue;
    }
    const classDefault = match.default;
    own.push(
      ingress.kind === 'valid'
        ? { meta, value, fault: undefined, classDefault, report }
        : { meta, value, fault: unreadable(ingress.faults), classDefault, report: tellNothing },
    );
  }
  return own.sort((a, b) => compareAge(a.meta, b.meta));
}

function unreadable(faults: readonly Fault[]): Cause {
  return { reason: 'InvalidObject', message: faults.map(formatFault).join('; ') };
}

/** Every fault of an object that cannot be decoded is told already. */
function tellNothing(): void {}
