/** Whether this process may be sent requests, and if not, what is missing. */

/** Set once each, in this order, while the process comes up. Never depends on a provider. */
export type Milestone = 'objects listed' | 'first table applied in every proxy thread' | 'listeners bound';

const MILESTONES: readonly Milestone[] = [
  'objects listed',
  'first table applied in every proxy thread',
  'listeners bound',
];

export class Readiness {
  readonly #reached = new Set<Milestone>();
  #isDraining = false;

  reach(milestone: Milestone): void {
    this.#reached.add(milestone);
  }

  startDraining(): void {
    this.#isDraining = true;
  }

  /** Empty: ready. */
  missing(): readonly string[] {
    const missing: string[] = MILESTONES.filter((milestone) => !this.#reached.has(milestone));
    return this.#isDraining ? [...missing, 'not draining'] : missing;
  }
}
