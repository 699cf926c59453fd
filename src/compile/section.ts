/** Sections of the routing table, each made of another one by a few changes. */

export type Section<T> = Readonly<Record<string, T>>;

/** Replaced and removed entries of one section of the table. */
export interface SectionDelta<T> {
  readonly set: Section<T>;
  readonly removed: readonly string[];
}

/** Entries that are kept keep their place, those that are replaced too. */
export function applySection<T>(section: Section<T>, { set, removed }: SectionDelta<T>): Section<T> {
  const gone = new Set(removed);
  const isSame = gone.size === 0 && Object.keys(set).length === 0;
  if (isSame) return section;
  return Object.assign(omit(section, gone), set);
}

/**
 * A copy, key by key: for the thousands of hosts of a large table that takes half as long as a spread, and it is a proxy
 * thread that waits for it.
 */
function omit<T>(section: Section<T>, gone: ReadonlySet<string>): Record<string, T> {
  const copy: Record<string, T> = {};
  for (const key in section) {
    const entry = section[key];
    if (entry !== undefined && !gone.has(key)) copy[key] = entry;
  }
  return copy;
}

/**
 * As `section`, but for entries that it has and that are replaced. Both remember it, so that whoever compares them, or
 * looks for something in the new one, need not look at thousands that are the same.
 */
export function replaceEntries<T>(section: Section<T>, set: Section<T>): Section<T> {
  const changed = applySection(section, { set, removed: [] });
  if (changed !== section)
    origins.set(changed, { section: new WeakRef(section), replaced: Object.keys(set) });
  return changed;
}

/** What a section was made of; weakly, or each would keep all before it. */
interface Origin {
  readonly section: WeakRef<object>;
  readonly replaced: readonly string[];
}

const origins = new WeakMap<object, Origin>();

/** Keys of the entries of `next` that may be others in `previous`; all others are the same. `undefined` where that is not known. */
export function replacedSince<T>(previous: Section<T>, next: Section<T>): readonly string[] | undefined {
  const origin = origins.get(next);
  return origin?.section.deref() === previous ? origin.replaced : undefined;
}

/** What `section` was made of by {@link replaceEntries}, while that exists. */
export function madeOf<T>(section: Section<T>): Section<T> | undefined {
  return origins.get(section)?.section.deref() as Section<T> | undefined;
}
