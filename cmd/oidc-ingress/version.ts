/** `oidc-ingress version`. */

import { programVersion } from '../../src/config/version.ts';
import type { Command } from './command.ts';

export const version: Command = {
  usage: 'version',
  summary: 'Prints the version.',
  details: () => '',
  run: () => {
    console.log(programVersion());
    return Promise.resolve(0);
  },
};
