/** `oidc-ingress serve`: the gateway, until it is told to stop. */

import { once } from 'node:events';

import { runServe } from '../../src/app.ts';
import { renderFlagHelp } from '../../src/config/help.ts';
import { SERVE_FLAGS, decodeServeConfig } from '../../src/config/serve.ts';
import { reportFaults, type Command } from './command.ts';
import { stopSignal } from './stop-signal.ts';

export const serve: Command = {
  usage: 'serve [FLAGS]',
  summary: 'Runs the gateway: watches a cluster, or a directory with --manifests, and answers requests.',
  details: () =>
    `Flags, each also as an environment variable (--http-address: OIDC_INGRESS_HTTP_ADDRESS):\n\n${renderFlagHelp(SERVE_FLAGS)}`,
  async run(argv) {
    const decoded = decodeServeConfig(argv, process.env);
    if (decoded.kind === 'invalid') return reportFaults('serve', decoded.faults);
    const stop = stopSignal();
    try {
      const gateway = await runServe(decoded.config, stop);
      if (!stop.aborted) await once(stop, 'abort');
      await gateway.stop();
      return 0;
    } catch (error) {
      if (stop.aborted) return 0;
      console.error(`oidc-ingress serve: ${error instanceof Error ? error.message : String(error)}`);
      return 1;
    }
  },
};
