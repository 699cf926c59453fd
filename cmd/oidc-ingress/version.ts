/** `oidc-ingress version`. */

import { decodeFlags } from '../../src/config/flags.ts';
import { programVersion } from '../../src/config/version.ts';
import { reportFaults, type Command } from './command.ts';

export const version: Command = {
  usage: 'version',
  summary: 'Prints the version.',
  notes: [],
  examples: [],
  flags: {},
  run(argv) {
    const decoded = decodeFlags({}, argv, {});
    const faults =
      decoded.kind === 'invalid'
        ? decoded.faults
        : decoded.positionals.map((path) => ({ path, message: 'version takes no arguments' }));
    if (faults.length > 0) return Promise.resolve(reportFaults('version', faults));
    console.log(programVersion());
    return Promise.resolve(0);
  },
};
