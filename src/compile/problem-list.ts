/** Collects problems while a snapshot is compiled; what comes out depends on no order of arrival. */

import { objectKey, type ObjectKind, type ObjectMeta } from '../model/objects.ts';
import type { Problem, ProblemReason } from '../model/problems.ts';
import { compareTexts } from './order.ts';

/** What is wrong, before it is known with which object. */
export interface Cause {
  readonly reason: ProblemReason;
  readonly message: string;
}

/** Reports problems of one object. */
export type Report = (field: string, cause: Cause) => void;

/** What was reported, to be reported again. */
export interface Told {
  readonly field: string;
  readonly cause: Cause;
}

export interface ProblemList {
  reporterFor(kind: ObjectKind, meta: Pick<ObjectMeta, 'namespace' | 'name'>): Report;
  /** Takes over what was found earlier, or elsewhere. */
  addAll(more: readonly Problem[]): void;
  /** By object, field, reason and message, without duplicates. */
  sorted(): readonly Problem[];
}

export function createProblemList(): ProblemList {
  const problems: Problem[] = [];
  return {
    reporterFor:
      (kind, { namespace, name }) =>
      (field, { reason, message }) =>
        problems.push({ reason, object: { kind, namespace, name }, field, message }),
    addAll(more) {
      // Not as arguments, of which no more fit on the stack than so many: whoever can make problems could stop every compile.
      for (const problem of more) problems.push(problem);
    },
    sorted() {
      const ordered = problems.toSorted(compareProblems);
      return ordered.filter((problem, index) => {
        const before = ordered[index - 1];
        return before === undefined || compareProblems(before, problem) !== 0;
      });
    },
  };
}

/** Writes down what is reported; remembered results are told anew each time. */
export function recordReports(): { readonly report: Report; readonly told: readonly Told[] } {
  const told: Told[] = [];
  return { report: (field, cause) => told.push({ field, cause }), told };
}

/** The same for one thing after the other, nearly all of which have nothing to report. */
export interface Recorder {
  readonly report: Report;
  /** What was reported since it was asked last. */
  take(): readonly Told[];
}

export function createRecorder(): Recorder {
  let told: Told[] = [];
  return {
    report: (field, cause) => told.push({ field, cause }),
    take() {
      if (told.length === 0) return NOTHING;
      const taken = told;
      told = [];
      return taken;
    },
  };
}

const NOTHING: readonly Told[] = [];

export function tellAll(told: readonly Told[], report: Report): void {
  for (const { field, cause } of told) report(field, cause);
}

/** `PolicyNotFound: OIDCPolicy shop/orders does not exist`, as routes and rows carry it. */
export function formatCause({ reason, message }: Cause): string {
  return `${reason}: ${message}`;
}

function compareProblems(a: Problem, b: Problem): number {
  return (
    compareTexts(a.object.kind, b.object.kind) ||
    compareTexts(objectKey(a.object), objectKey(b.object)) ||
    compareTexts(a.field, b.field) ||
    compareTexts(a.reason, b.reason) ||
    compareTexts(a.message, b.message)
  );
}
