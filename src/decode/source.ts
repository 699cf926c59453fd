/** What the controller needs from wherever the objects come from: the Kubernetes API or a directory of files. */

import type { Snapshot } from '../model/objects.ts';

export interface ObjectSource {
  /** Resolves when everything that exists has been read once; rejects never: faults are reported and retried. */
  readonly synced: Promise<void>;
  /** The objects as they are now; later changes do not show in it. */
  snapshot(): Snapshot;
  /** What cannot be read at the moment; empty when all is well. */
  faults(): readonly SourceFault[];
  close(): Promise<void>;
}

/** Something that hides objects from the source: a file that is not YAML, a list that the API server refuses. */
export interface SourceFault {
  /** `orders.yaml:12` or `ingresses`. */
  readonly location: string;
  /** Lowercase, no full stop; says what to do where that is known. Never holds a secret. */
  readonly message: string;
}

/** Called after each change that matters, any number of times in a row; before `synced` too. */
export type OnChange = () => void;
