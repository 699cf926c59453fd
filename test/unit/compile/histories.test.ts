/** Whatever happened before: compile gives what it would give after a fresh start. */

import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { compile } from '../../../src/compile/compile.ts';
import { applyDelta, diffTables } from '../../../src/compile/delta.ts';
import type { CompileOptions, CompileResult } from '../../../src/compile/result.ts';
import type { Snapshot } from '../../../src/model/objects.ts';
import { emptyTable, type RoutingTable } from '../../../src/model/table.ts';
import { history, type Compiled, type History } from './arbitrary-history.ts';
import { assertSameBytes, bytesOf, tableBytes } from './same-bytes.ts';
import { takeAnew, takeByHand, takeFromStore, type TakeSnapshot } from './snapshots.ts';
import { createWorlds, type World } from './worlds.ts';

/** A snapshot, and what it is one of. */
interface Taken {
  readonly world: World;
  readonly snapshot: Snapshot;
}

/** Compiles with one options object that stays the same. */
interface Compiler {
  compile(taken: Taken, when: string): void;
  /**
   * Compares all that was given with what it was then, and with fresh starts: only now, for a fresh start amid a history
   * would drive out what must not be remembered.
   */
  close(): void;
}

interface Given {
  readonly world: World;
  readonly result: CompileResult;
  readonly bytes: string;
  readonly when: string;
}

function createCompiler(options: CompileOptions): Compiler {
  const all: Given[] = [];
  let sent: RoutingTable = emptyTable();
  let served = sent;
  return {
    compile({ world, snapshot }, when) {
      const result = compile(snapshot, options);
      // Not every result is served.
      if (all.length % 4 !== 3) {
        served = applyDelta(served, diffTables(sent, result.table));
        sent = result.table;
        assertSameBytes(tableBytes(served), tableBytes(sent), `${when}, by deltas`);
      }
      all.push({ world, result, bytes: bytesOf(result), when });
    },
    close() {
      const fresh = new Map<World, string>();
      for (const { world, result, bytes, when } of all) {
        assertSameBytes(bytesOf(result), bytes, `what was given ${when}, at the end`);
        const expected = fresh.get(world) ?? bytesOf(compile(takeAnew(world), structuredClone(options)));
        fresh.set(world, expected);
        assertSameBytes(bytes, expected, when);
      }
    },
  };
}

/** Compiles after each step as it says. */
function follow({ options, first, steps }: History, take: TakeSnapshot): void {
  const worlds = createWorlds(first);
  const compilers = [createCompiler(options[0]), createCompiler(options[1])] as const;
  let older: Taken = takeNow(worlds.before(0), false);
  compileAs('both', older, 'at first');
  for (const [at, { change, compiled, isCopied }] of steps.entries()) {
    const taken = takeNow(worlds.change(change), isCopied);
    compileAs(compiled, taken, `after step ${at + 1}`);
    if (compiled !== 'none') older = taken;
  }
  compilers.forEach((compiler) => compiler.close());

  function takeNow(world: World, isCopied: boolean): Taken {
    return { world, snapshot: take(world, isCopied) };
  }

  function compileAs(compiled: Compiled, taken: Taken, when: string): void {
    const [one, two] = compilers;
    if (compiled === 'older') one.compile(older, `${when}, what was before`);
    if (compiled !== 'second' && compiled !== 'none') one.compile(taken, when);
    if (compiled === 'second' || compiled === 'both') two.compile(taken, `${when}, second options`);
  }
}

describe('after any history, compile', () => {
  it('gives what a fresh start gives, byte for byte, and what deltas add up to', () => {
    fc.assert(
      fc.property(history, (drawn) => follow(drawn, takeByHand())),
      { numRuns: 80 },
    );
  });

  it('gives it from the snapshots of the store too, in whatever order objects come and go', () => {
    fc.assert(
      fc.property(history, (drawn) => follow(drawn, takeFromStore())),
      { numRuns: 80 },
    );
  });
});
