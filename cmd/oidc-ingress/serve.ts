/** `oidc-ingress serve`: the gateway, until it is told to stop. */

import { once } from 'node:events';

import { runServe, type RunningGateway } from '../../src/app.ts';
import { renderFlagHelp } from '../../src/config/help.ts';
import { SERVE_FLAGS, decodeServeConfig } from '../../src/config/serve.ts';
import { reportFaults, type Command } from './command.ts';

export const serve: Command = {
  usage: 'serve [FLAGS]',
  summary: 'Runs the gateway: watches a cluster, or a directory with --manifests, and answers requests.',
  details: () =>
    `Flags, each also as an environment variable (--http-address: OIDC_INGRESS_HTTP_ADDRESS):\n\n${renderFlagHelp(SERVE_FLAGS)}`,
  async run(argv) {
    const decoded = decodeServeConfig(argv, process.env);
    if (decoded.kind === 'invalid') return reportFaults('serve', decoded.faults);
    const stopped = stopSignal();
    let gateway: RunningGateway;
    try {
      gateway = await runServe(decoded.config);
    } catch (error) {
      console.error(`oidc-ingress serve: ${error instanceof Error ? error.message : String(error)}`);
      return 1;
    }
    await stopped;
    await gateway.stop();
    return 0;
  },
};

/** Resolves on the first SIGTERM or SIGINT; a second one ends the process at once. */
async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
}
