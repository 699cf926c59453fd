/** How many requests may be at one backend at the same time, over all threads. */

import { tallyPlaces, type SharedTally, type TallyPlaces } from './shared-tally.ts';
import type { BackendKey } from '../model/table.ts';
import type { Balancer } from './upstream/balancer.ts';

export class UpstreamSlots {
  readonly #tally: SharedTally;
  readonly #max: number;
  readonly #places = new WeakMap<Balancer, TallyPlaces>();

  constructor(tally: SharedTally, max: number) {
    this.#tally = tally;
    this.#max = max;
  }

  /** @returns what {@link release} wants back; `undefined`: there are as many as there may be. */
  take(key: BackendKey, balancer: Balancer): TallyPlaces | undefined {
    const places = this.#places.get(balancer) ?? tallyPlaces(key);
    this.#places.set(balancer, places);
    this.#tally.add(places, 1);
    if (this.#tally.count(places) <= this.#max) return places;
    this.#tally.add(places, -1);
    return undefined;
  }

  release(places: TallyPlaces): void {
    this.#tally.add(places, -1);
  }
}
