/** The last failure of a policy that no caller can cure, to be shown on the policy until an exchange succeeds. */

import type { IssuerWarning } from '../model/conditions.ts';
import type { TokenFailure } from './token-failure.ts';

export class PolicyFaults {
  readonly #byPolicy = new Map<string, IssuerWarning>();

  get(policy: string): IssuerWarning | undefined {
    return this.#byPolicy.get(policy);
  }

  /** @returns whether it changed. */
  failed(policy: string, { reason, detail, cause, errorCode }: TokenFailure): boolean {
    if (reason !== 'ProviderMisconfigured' && reason !== 'TokenRejected') return false;
    const what = cause === undefined ? detail : `${detail}: ${cause}`;
    const message = errorCode === undefined ? what : `${what} (error: ${errorCode})`;
    if (this.#byPolicy.get(policy)?.message === message) return false;
    this.#byPolicy.set(policy, { reason, message });
    return true;
  }

  /** @returns whether there was one. */
  succeeded(policy: string): boolean {
    return this.#byPolicy.delete(policy);
  }

  /** Forgets policies that are no more. */
  retain(policies: ReadonlySet<string>): void {
    for (const policy of this.#byPolicy.keys()) if (!policies.has(policy)) this.#byPolicy.delete(policy);
  }
}
