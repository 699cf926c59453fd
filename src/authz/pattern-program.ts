/** Turns the syntax of a pattern into the steps of a nondeterministic automaton. */

import type { Accepts } from './pattern-class.ts';
import type { PatternNode, RepeatNode } from './pattern-syntax.ts';

type Step =
  | { readonly kind: 'take'; readonly accepts: Accepts }
  | { readonly kind: 'fork'; readonly to: readonly number[] }
  | { readonly kind: 'accept' };

/** Step 0 is the first; a `take` goes on with the next one. */
export type Program = readonly Step[];

/** @returns `undefined` where the program would exceed `maxSize` steps */
export function compileProgram(node: PatternNode, maxSize: number): Program | undefined {
  const steps: Step[] = [];
  emit(node, steps, maxSize);
  steps.push({ kind: 'accept' });
  return steps.length <= maxSize ? steps : undefined;
}

/** Stops adding once `steps` is over its bound: nested repetitions would multiply. */
function emit(node: PatternNode, steps: Step[], maxSize: number): void {
  if (steps.length > maxSize) return;
  switch (node.kind) {
    case 'character':
      steps.push({ kind: 'take', accepts: node.accepts });
      return;
    case 'sequence':
      for (const item of node.items) emit(item, steps, maxSize);
      return;
    case 'choice':
      emitChoice(node.options, steps, maxSize);
      return;
    case 'repeat':
      emitRepeat(node, steps, maxSize);
  }
}

function emitChoice(options: readonly PatternNode[], steps: Step[], maxSize: number): void {
  const fork = reserve(steps);
  const starts: number[] = [];
  const exits: number[] = [];
  for (const option of options) {
    starts.push(steps.length);
    emit(option, steps, maxSize);
    exits.push(reserve(steps));
  }
  steps[fork] = { kind: 'fork', to: starts };
  for (const exit of exits) steps[exit] = { kind: 'fork', to: [steps.length] };
}

function emitRepeat({ item, min, max }: RepeatNode, steps: Step[], maxSize: number): void {
  for (let count = 0; count < min && steps.length <= maxSize; count += 1) emit(item, steps, maxSize);
  if (max === undefined) {
    const fork = reserve(steps);
    emit(item, steps, maxSize);
    steps.push({ kind: 'fork', to: [fork] });
    steps[fork] = { kind: 'fork', to: [fork + 1, steps.length] };
    return;
  }
  const forks: number[] = [];
  for (let count = min; count < max && steps.length <= maxSize; count += 1) {
    forks.push(reserve(steps));
    emit(item, steps, maxSize);
  }
  for (const fork of forks) steps[fork] = { kind: 'fork', to: [fork + 1, steps.length] };
}

/** A place for a fork whose aims are not known yet. */
function reserve(steps: Step[]): number {
  return steps.push({ kind: 'fork', to: [] }) - 1;
}
