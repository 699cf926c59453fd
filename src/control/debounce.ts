/** Debouncing with a ceiling: a burst is waited out, a storm is not. */

export interface DebounceOptions {
  /** Quiet time after the last call. */
  readonly quietMs: number;
  /** Longest time from the first call of a burst to the run. */
  readonly ceilingMs: number;
}

export interface Debounced {
  trigger(): void;
  cancel(): void;
}

/** Runs `task` once for each burst of triggers; a trigger during the run starts the next burst. */
export function debounce(task: () => void, options: DebounceOptions): Debounced {
  let quiet: NodeJS.Timeout | undefined;
  let ceiling: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    clearTimeout(quiet);
    clearTimeout(ceiling);
    quiet = undefined;
    ceiling = undefined;
  };
  const run = (): void => {
    cancel();
    task();
  };
  return {
    trigger() {
      clearTimeout(quiet);
      quiet = setTimeout(run, options.quietMs);
      ceiling ??= setTimeout(run, options.ceilingMs);
    },
    cancel,
  };
}
