/** The right to write statuses and Events, which one replica at a time has. */

export interface Lead {
  /** To be asked at the last moment before each write. */
  isHeld(): boolean;
  /** `listener` is told of each gain and each loss, from now on. */
  onChange(listener: (isHeld: boolean) => void): void;
}

/** Of a process that has no other beside it. */
export const SOLE_LEAD: Lead = { isHeld: () => true, onChange: () => {} };
