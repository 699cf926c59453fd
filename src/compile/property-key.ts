/** Texts that become keys of the table. */

/**
 * `text` as V8 keeps the keys of all objects, once each. To find it there takes a microsecond: ten thousand times that in the
 * first compile of a large cluster, if it were not done as the objects arrive.
 */
export function propertyKey(text: string): string {
  const [key = text] = Object.keys({ __proto__: null, [text]: true });
  return key;
}
