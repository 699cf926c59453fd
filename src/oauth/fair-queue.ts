/** A bounded queue in which nobody can crowd out the others: lanes take turns, and the longest gives way. */

export class FairQueue<T> {
  readonly #max: number;
  /** In the order of their turns; none is empty. */
  readonly #lanes = new Map<string, Set<T>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns who found no place: the newcomer, or the last of a lane that is longer; `undefined`: there was room. */
  push(name: string, item: T): T | undefined {
    const displaced = this.#size < this.#max ? undefined : this.#crowdedOut(name, item);
    if (displaced === item) return item;
    if (displaced !== undefined) this.delete(displaced);
    const lane = this.#lanes.get(name) ?? new Set<T>();
    lane.add(item);
    this.#lanes.set(name, lane);
    this.#size += 1;
    return displaced;
  }

  /** Takes the first of the lane whose turn it is. */
  shift(): T | undefined {
    for (const [name, lane] of this.#lanes) {
      for (const item of lane) {
        this.#remove(name, lane, item);
        // Behind the others, until its next turn.
        if (this.#lanes.delete(name)) this.#lanes.set(name, lane);
        return item;
      }
    }
    return undefined;
  }

  delete(item: T): void {
    for (const [name, lane] of this.#lanes) {
      if (!lane.has(item)) continue;
      this.#remove(name, lane, item);
      return;
    }
  }

  #remove(name: string, lane: Set<T>, item: T): void {
    lane.delete(item);
    this.#size -= 1;
    if (lane.size === 0) this.#lanes.delete(name);
  }

  #crowdedOut(name: string, item: T): T {
    let longest: ReadonlySet<T> = new Set<T>();
    for (const lane of this.#lanes.values()) if (lane.size > longest.size) longest = lane;
    const ownLength = (this.#lanes.get(name)?.size ?? 0) + 1;
    return longest.size > ownLength ? ([...longest].at(-1) ?? item) : item;
  }
}
