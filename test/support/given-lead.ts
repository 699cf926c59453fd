/** The lead as a test gives and takes it. */

import type { Lead } from '../../src/kube/lead.ts';

export interface GivenLead extends Lead {
  give(): void;
  take(): void;
  /** Takes it without telling anyone, as when the process was stopped while its lease ran out. */
  expire(): void;
}

/** Held from the beginning. */
export function givenLead(): GivenLead {
  const listeners: ((isHeld: boolean) => void)[] = [];
  let isHeld = true;
  const set = (next: boolean): void => {
    isHeld = next;
    for (const listener of listeners) listener(next);
  };
  return {
    isHeld: () => isHeld,
    onChange: (listener) => {
      listeners.push(listener);
    },
    give: () => set(true),
    take: () => set(false),
    expire: () => {
      isHeld = false;
    },
  };
}
