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

/**
 * Remembers the last result of each object for as long as what else it depends on stays the same, input by input: after
 * one change in a large cluster, nearly everything does.
 */
export function memoizeByInputs<K extends object, T>(): Memo<K, T> {
  const known = new WeakMap<K, { readonly inputs: readonly unknown[]; readonly result: T }>();
  return (object, inputs, compute) => {
    const found = known.get(object);
    if (found !== undefined && isSame(found.inputs, inputs)) return found.result;
    const result = compute();
    known.set(object, { inputs, result });
    return result;
  };
}

/** `inputs`: everything that `compute` reads beside `object`; compared by identity. */
export type Memo<K, T> = (object: K, inputs: readonly unknown[], compute: () => T) => T;

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  return before.length === now.length && before.every((input, index) => input === now[index]);
}
