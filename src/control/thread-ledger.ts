/** What the proxy threads have counted, so that no count goes back when one of them ends or is late. */

import {
  addSamples,
  countsOnly,
  withoutNames,
  type Samples,
  type SeriesNames,
} from '../telemetry/samples.ts';

/**
 * Keeps what each thread told last. A thread that ended is still counted, as far as it told; what it did since is lost:
 * at most what happens between two collections.
 */
export class ThreadLedger {
  readonly #latest = new Map<string, Samples>();
  /** The sum of those that ended. */
  #ended: Samples | undefined;

  told(thread: string, samples: Samples): void {
    this.#latest.set(thread, samples);
  }

  ended(thread: string): void {
    const last = this.#latest.get(thread);
    this.#latest.delete(thread);
    if (last === undefined) return;
    const counts = countsOnly(last);
    this.#ended = this.#ended === undefined ? counts : addSamples([this.#ended, counts]);
  }

  forget(names: SeriesNames): void {
    for (const [thread, samples] of this.#latest) this.#latest.set(thread, withoutNames(samples, names));
    if (this.#ended !== undefined) this.#ended = withoutNames(this.#ended, names);
  }

  /** Over all threads, past and present. */
  total(): Samples {
    return addSamples([...(this.#ended === undefined ? [] : [this.#ended]), ...this.#latest.values()]);
  }
}
