/** Patterns of the claim operator `Matches`, tested in linear time. */

import { parsePattern } from './pattern-syntax.ts';
import { compileProgram, type Program } from './pattern-program.ts';

export type CompiledPattern =
  | { readonly kind: 'valid'; readonly test: (input: string) => boolean }
  | { readonly kind: 'invalid'; readonly fault: string };

const MAX_PATTERN_LENGTH = 512;

/** Longer input matches nothing. */
export const MAX_INPUT_LENGTH = 4096;

/** Steps that one character of input may cost. */
const MAX_PROGRAM_SIZE = 1000;

/**
 * Compiles a pattern that always covers the whole input. The syntax is a subset of RE2: literals; `.` (any character
 * but a line feed); classes `[a-z]`, `[^a-z]`; `\\d \\w \\s \\D \\W \\S \\n \\r \\t` and escaped punctuation; `*`, `+`,
 * `?`, `{m}`, `{m,}`, `{m,n}` up to 100; `|`; groups `( )` and `(?: )`. `^` may open the pattern and `$` close it.
 * Characters are code points. There is no backtracking: time grows with pattern times input.
 */
export function compilePattern(text: string): CompiledPattern {
  if (text.length > MAX_PATTERN_LENGTH) {
    return { kind: 'invalid', fault: `pattern must not exceed ${MAX_PATTERN_LENGTH} characters` };
  }
  const syntax = parsePattern(text);
  if (syntax.kind === 'invalid') return syntax;
  const program = compileProgram(syntax.node, MAX_PROGRAM_SIZE);
  if (program === undefined) return { kind: 'invalid', fault: 'pattern repeats too much: write it shorter' };
  return { kind: 'valid', test: (input) => input.length <= MAX_INPUT_LENGTH && isAccepted(program, input) };
}

/** Follows all ways through the program at once (K. Thompson, 1968). */
function isAccepted(program: Program, input: string): boolean {
  const visited = new Uint32Array(program.length);
  let round = 1;
  let states = reach(program, [0], { visited, round });
  for (const character of input) {
    if (states.length === 0) return false;
    const code = character.codePointAt(0) ?? 0;
    const next: number[] = [];
    for (const state of states) {
      const step = program[state];
      if (step?.kind === 'take' && step.accepts(code)) next.push(state + 1);
    }
    round += 1;
    states = reach(program, next, { visited, round });
  }
  return states.some((state) => program[state]?.kind === 'accept');
}

interface Visits {
  /** The round in which each state was last reached. */
  readonly visited: Uint32Array;
  readonly round: number;
}

/** The states that take input or accept, reachable from `from` without input. Uses `from` as its stack. */
function reach(program: Program, from: number[], { visited, round }: Visits): readonly number[] {
  const reached: number[] = [];
  for (let state = from.pop(); state !== undefined; state = from.pop()) {
    if (visited[state] === round) continue;
    visited[state] = round;
    const step = program[state];
    if (step?.kind === 'fork') from.push(...step.to);
    else reached.push(state);
  }
  return reached;
}
