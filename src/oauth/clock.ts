/** Time and chance as the broker uses them, so that tests can hold both. */

export interface BrokerClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls `run` once after `delayMs`; the returned function calls it off. */
  schedule(delayMs: number, run: () => void): () => void;
}

export const systemClock: BrokerClock = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
