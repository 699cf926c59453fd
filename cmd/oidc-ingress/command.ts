/** What a subcommand is: what its help says, and a function from arguments to an exit code. */

import type { FlagTable } from '../../src/config/flags.ts';
import { formatFault, type Fault } from '../../src/model/faults.ts';

export interface Command {
  /** Usage after the program's name, such as `validate FILES…`. */
  readonly usage: string;
  /** A sentence or two. */
  readonly summary: string;
  /** Paragraphs about what usage and flags do not say. */
  readonly notes: readonly string[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  readonly flags: FlagTable;
  /** @returns the exit code: 0 done, 1 the answer is no, 2 the command was not understood. */
  readonly run: (argv: readonly string[]) => Promise<number>;
}

/** Prints every fault of a command line on standard error. */
export function reportFaults(command: string, faults: readonly Fault[]): number {
  for (const fault of faults) console.error(`oidc-ingress ${command}: ${formatFault(fault)}`);
  console.error(`Try: oidc-ingress ${command} --help`);
  return 2;
}
