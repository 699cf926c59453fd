/** The Events to be: one for each problem, one for each Ingress that became live. */

import { hash } from 'node:crypto';

import { memoizeByObject } from '../compile/memoize.ts';
import type { CompileResult } from '../compile/result.ts';
import { apiVersionOf } from '../decode/kinds.ts';
import { CONTROLLER_NAME, PRODUCT } from '../model/names.ts';
import { objectKey, type ObjectKind, type ObjectMeta } from '../model/objects.ts';
import { PROBLEM_REASONS, type Problem } from '../model/problems.ts';
import { microTime } from './lease.ts';

/** Bounds that the API server sets. */
const MAX_NOTE = 1_024;
const MAX_NAME = 253;

/** What an Event says; two of the same `id` are the same Event. */
export interface EventNote {
  /** A text of any length; the name of the Event is made of its digest. */
  readonly id: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  readonly kind: ObjectKind;
  readonly meta: Pick<ObjectMeta, 'namespace' | 'name' | 'uid'>;
}

export type FindMeta = (kind: ObjectKind, key: string) => ObjectMeta | undefined;

/** A problem of an object that does not exist has no Event: there is nothing to describe it on. */
export function problemNotes({ problems }: CompileResult, findMeta: FindMeta): readonly EventNote[] {
  return problems.flatMap((problem) => {
    const { kind } = problem.object;
    const meta = findMeta(kind, objectKey(problem.object));
    return meta === undefined || meta.uid === ''
      ? []
      : [noteOf('Warning', problem.reason, messageOf(problem), { kind, meta })];
  });
}

/** By whether everything of an Ingress is served. */
export interface ProgrammedNotes {
  readonly live: readonly EventNote[];
  readonly broken: readonly EventNote[];
}

export function programmedNotes({ ingresses, problems }: CompileResult): ProgrammedNotes {
  const faulty = new Set(
    problems
      .filter(({ object, reason }) => object.kind === 'Ingress' && PROBLEM_REASONS[reason] === 'error')
      .map(({ object }) => objectKey(object)),
  );
  const live: EventNote[] = [];
  const broken: EventNote[] = [];
  for (const meta of ingresses) {
    if (meta.uid === '') continue;
    const isBroken = faulty.size > 0 && faulty.has(objectKey(meta));
    (isBroken ? broken : live).push(programmedNote(meta));
  }
  return { live, broken };
}

/** Once for each Ingress: there are thousands of them, and after most changes all are what they were. */
const programmedNote = memoizeByObject((meta: ObjectMeta) =>
  noteOf('Normal', 'Programmed', 'every proxy thread serves the Ingress', { kind: 'Ingress', meta }),
);

function messageOf({ field, message }: Problem): string {
  return (field === '' ? message : `${field}: ${message}`).slice(0, MAX_NOTE);
}

function noteOf(
  type: EventNote['type'],
  reason: string,
  note: string,
  { kind, meta }: Pick<EventNote, 'kind' | 'meta'>,
): EventNote {
  return { id: JSON.stringify([kind, meta.uid, reason, note]), type, reason, note, kind, meta };
}

/** Events on cluster-scoped objects live in `default`. */
export function eventNamespace({ meta }: EventNote): string {
  return meta.namespace === '' ? 'default' : meta.namespace;
}

/** The same after a restart: the API server then says that it has this Event already. */
export function eventName({ id, meta }: EventNote): string {
  const digest = hash('sha256', id).slice(0, 20);
  return `${meta.name.slice(0, MAX_NAME - digest.length - 1)}.${digest}`;
}

/** An `events.k8s.io/v1` Event that was seen once. `instance` names this process. */
export function eventBody(note: EventNote, instance: string, nowMs: number): object {
  const { kind, meta } = note;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: eventName(note), namespace: eventNamespace(note) },
    eventTime: microTime(nowMs),
    type: note.type,
    reason: note.reason,
    note: note.note,
    action: note.type === 'Normal' ? 'Program' : 'Compile',
    reportingController: CONTROLLER_NAME,
    reportingInstance: instance === '' ? PRODUCT : instance.slice(0, 128),
    regarding: {
      apiVersion: apiVersionOf(kind),
      kind,
      name: meta.name,
      uid: meta.uid,
      ...(meta.namespace !== '' && { namespace: meta.namespace }),
    },
  };
}

/** `count` times in all, at least 2. */
export function seriesBody(count: number, nowMs: number): object {
  return { series: { count, lastObservedTime: microTime(nowMs) } };
}
