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
