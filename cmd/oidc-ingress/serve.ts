/** `oidc-ingress serve`: the gateway, until it is told to stop. */

import { once } from 'node:events';

import { runServe } from '../../src/app.ts';
import { SERVE_FLAGS, decodeServeConfig } from '../../src/config/serve.ts';
import { reportFaults, type Command } from './command.ts';
import { stopSignal } from './stop-signal.ts';

export const serve: Command = {
  usage: 'serve [FLAGS]',
  summary: 'Runs the gateway: watches a cluster, or a directory with --manifests, and answers requests.',
  notes: [
    'Ends on SIGTERM or SIGINT, when the requests that it has are done; a second one ends it at once. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured on the way to providers; OTEL_EXPORTER_OTLP_ENDPOINT turns traces on.',
  ],
  examples: [
    'oidc-ingress serve',
    'oidc-ingress serve --manifests examples --https-address=off --allow-insecure-issuers',
  ],
  flags: SERVE_FLAGS,
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
