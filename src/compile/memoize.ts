/** Remembers what was computed of an object, for as long as that object lives. */

/**
 * For pure functions of decoded objects that cost too much to repeat at each change: parsing a certificate takes 0.1 ms,
 * and the store keeps the identity of an object that has not changed.
 */
export function memoizeByObject<K extends object, T>(compute: (object: K) => T): (object: K) => T {
  const known = new WeakMap<K, { readonly result: T }>();
  return (object) => {
    const found = known.get(object);
    if (found !== undefined) return found.result;
    const result = compute(object);
    known.set(object, { result });
    return result;
  };
}

/** `inputs`: everything that `compute` reads; compared one by one, by identity. */
export type Memo<T> = (inputs: readonly unknown[], compute: () => T) => T;

/** Remembers the last result for as long as its inputs stay the same. */
export function rememberLast<T>(): Memo<T> {
  let last: Remembered<T> | undefined;
  return (inputs, compute) => {
    if (last === undefined || !isSame(last.inputs, inputs)) last = { inputs, result: compute() };
    return last.result;
  };
}

/**
 * The same for each object, for as long as that object lives: after one change in a large cluster, nearly everything
 * else is what it was. `inputs`: what is read beside the object.
 */
export function memoizeByInputs<K extends object, T>(): KeyedMemo<K, T> {
  const known = new WeakMap<K, Remembered<T>>();
  return (object, inputs, compute) => {
    const found = known.get(object);
    if (found !== undefined && isSame(found.inputs, inputs)) return found.result;
    const result = compute(found?.result);
    known.set(object, { inputs, result });
    return result;
  };
}

/** What a run of many lookups found, by key. */
export type Findings<T> = ReadonlyMap<string, Remembered<T>>;

/** One run of many lookups. */
export interface Run<T> {
  /** What this run knows already. */
  find(key: string): T | undefined;
  /** What the run before found, where the inputs are the same: everything that the result depends on. */
  recall(key: string, inputs: readonly unknown[]): T | undefined;
  keep(key: string, inputs: readonly unknown[], result: T): T;
  /** What this run asked for, and nothing else: to be remembered in the next one. */
  readonly findings: Findings<T>;
}

export function startRun<T>(before: Findings<T> | undefined): Run<T> {
  const now = new Map<string, Remembered<T>>();
  return {
    find: (key) => now.get(key)?.result,
    recall(key, inputs) {
      const found = before?.get(key);
      if (found === undefined || !isSame(found.inputs, inputs)) return undefined;
      now.set(key, found);
      return found.result;
    },
    keep(key, inputs, result) {
      now.set(key, { inputs, result });
      return result;
    },
    findings: now,
  };
}

/** `now`, or `before` where it holds the same: whoever compares by identity then need not look into it. */
export function keepList<T>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  return before !== undefined && isSame(before, now) ? before : now;
}

export function keepMap<K, T>(
  before: ReadonlyMap<K, T> | undefined,
  now: ReadonlyMap<K, T>,
): ReadonlyMap<K, T> {
  return before !== undefined && changedKeys(before, now).length === 0 ? before : now;
}

/** Keys of what is in one and not in the other, or another object there. */
export function changedKeys<K>(before: ReadonlyMap<K, unknown>, now: ReadonlyMap<K, unknown>): readonly K[] {
  if (before === now) return [];
  const changed: K[] = [];
  let kept = 0;
  now.forEach((value, key) => {
    const was = before.get(key);
    if (was !== undefined) kept += 1;
    if (was !== value) changed.push(key);
  });
  if (kept < before.size) {
    before.forEach((_value, key) => {
      if (!now.has(key)) changed.push(key);
    });
  }
  return changed;
}

/** `compute` is given the last result, which it may build on. */
type KeyedMemo<K extends object, T> = (
  object: K,
  inputs: readonly unknown[],
  compute: (last: T | undefined) => T,
) => T;

interface Remembered<T> {
  readonly inputs: readonly unknown[];
  readonly result: T;
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  if (before.length !== now.length) return false;
  for (let at = 0; at < now.length; at += 1) if (before[at] !== now[at]) return false;
  return true;
}
