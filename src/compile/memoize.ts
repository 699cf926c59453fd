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
    const result = compute();
    known.set(object, { inputs, result });
    return result;
  };
}

/** One run of many lookups. */
export interface RunMemo<T> {
  /** What this run knows already. */
  find(key: string): T | undefined;
  /** What the run before knew, where the inputs are the same: everything that the result depends on beside the owner. */
  recall(key: string, inputs: readonly unknown[]): T | undefined;
  keep(key: string, inputs: readonly unknown[], result: T): T;
}

/** Remembers results by key from one run of an owner to the next: what a run does not ask for is forgotten. */
export function memoizeByRun<T>(): (owner: object) => RunMemo<T> {
  const runs = new WeakMap<object, ReadonlyMap<string, Remembered<T>>>();
  return (owner) => {
    const before = runs.get(owner);
    const now = new Map<string, Remembered<T>>();
    runs.set(owner, now);
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
    };
  };
}

type KeyedMemo<K extends object, T> = (object: K, inputs: readonly unknown[], compute: () => T) => T;

interface Remembered<T> {
  readonly inputs: readonly unknown[];
  readonly result: T;
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  if (before.length !== now.length) return false;
  for (let at = 0; at < now.length; at += 1) if (before[at] !== now[at]) return false;
  return true;
}
