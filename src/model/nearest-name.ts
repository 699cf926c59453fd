/** What somebody may have meant who misspelt a name. */

/** Of this share of the name, more changes make it another word. */
const MAX_CHANGED = 0.4;

/** The candidate that takes the fewest changes of one character; `undefined` where it takes many. */
export function nearestName<T extends string>(name: string, candidates: readonly T[]): T | undefined {
  const distances = candidates.map((candidate) => distance(name, candidate));
  const least = Math.min(...distances);
  return least <= name.length * MAX_CHANGED ? candidates[distances.indexOf(least)] : undefined;
}

/** Levenshtein's, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
