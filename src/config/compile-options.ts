/** From flags to what compile is told: the same for every command. */

import type { CompileOptions } from '../compile/result.ts';
import type { COMPILE_FLAGS } from './commands.ts';
import type { FlagValues } from './flags.ts';

export function compileOptions(
  flags: FlagValues<typeof COMPILE_FLAGS>,
  source: 'files' | 'cluster',
): CompileOptions {
  return {
    ingressClass: flags['ingress-class'],
    watchIngressWithoutClass: flags['watch-ingress-without-class'],
    allowInsecureIssuers: flags['allow-insecure-issuers'],
    allowedIssuers: flags['allowed-issuers'],
    allowLoopbackEndpoints: source === 'files',
    allowExternalNames: flags['allow-external-name'],
    sslRedirectByDefault: flags['ssl-redirect'],
    hostOwnership: flags['host-ownership'],
    defaultTlsSecret: flags['default-tls-secret'],
  };
}
