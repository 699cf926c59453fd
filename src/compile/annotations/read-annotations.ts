/** Reads the annotations of an Ingress that are ours: one that is not understood must not open what it meant to protect. */

import { ANNOTATION_NAMES, annotation, type AnnotationName } from '../../model/annotations.ts';
import { ANNOTATION_PREFIX } from '../../model/names.ts';
import type { IngressObject } from '../../model/objects.ts';
import { compareTexts } from '../order.ts';
import type { Cause } from '../problem-list.ts';
import { quote } from '../quote.ts';
import { combinationFaults } from './combinations.ts';
import { nearestName } from '../../model/nearest-name.ts';
import { READERS, type AnnotationValues } from './values.ts';

export interface IngressAnnotations {
  /** Those that are set and can be read. */
  readonly values: Partial<AnnotationValues>;
  /** By annotation. Where there is one, the routes refuse: what the author meant is not known. */
  readonly faults: readonly AnnotationFault[];
}

export interface AnnotationFault {
  /** With the prefix. */
  readonly annotation: string;
  readonly cause: Cause;
}

/** Names without the prefix, by name with it. */
const NAMES: ReadonlyMap<string, AnnotationName> = new Map(
  ANNOTATION_NAMES.map((name) => [annotation(name), name]),
);
const NOTHING: IngressAnnotations = { values: {}, faults: [] };

export function readAnnotations(
  annotations: IngressObject['annotations'],
  namespace: string,
): IngressAnnotations {
  const ours = Object.keys(annotations).filter((name) => name.startsWith(ANNOTATION_PREFIX));
  if (ours.length === 0) return NOTHING;
  const values: Partial<Record<AnnotationName, unknown>> = {};
  const faults: AnnotationFault[] = [];
  for (const full of ours) {
    const name = NAMES.get(full);
    if (name === undefined) {
      faults.push({ annotation: full, cause: unknownAnnotation(full) });
      continue;
    }
    const text = annotations[full] ?? '';
    const reading = READERS[name](text, namespace);
    if (reading.kind === 'valid') values[name] = reading.value;
    else faults.push(invalidAnnotation(name, `${quote(text)} ${reading.message}`));
  }
  // Each value comes from the reader of its name; the type system cannot follow that.
  const read = values as Partial<AnnotationValues>;
  const combined = combinationFaults(read).map(({ name, message }) => invalidAnnotation(name, message));
  const all = [...faults, ...combined].sort((a, b) => compareTexts(a.annotation, b.annotation));
  return { values: read, faults: all };
}

/** Where the field of an annotation is. */
export function annotationField(name: string): string {
  return `metadata.annotations.${name}`;
}

function unknownAnnotation(full: string): Cause {
  const nearest = nearestName(full.slice(ANNOTATION_PREFIX.length), ANNOTATION_NAMES);
  const hint = nearest === undefined ? '' : `; the nearest is ${annotation(nearest)}`;
  return { reason: 'UnknownAnnotation', message: `there is no such annotation${hint}` };
}

function invalidAnnotation(name: AnnotationName, message: string): AnnotationFault {
  return { annotation: annotation(name), cause: { reason: 'InvalidAnnotation', message } };
}
