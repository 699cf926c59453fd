/** From flags to what compile is told. */

import type { CompileOptions } from '../../src/compile/result.ts';
import type { EXPLAIN_FLAGS } from '../../src/config/commands.ts';
import type { FlagValues } from '../../src/config/flags.ts';

type CompileFlags = Pick<
  FlagValues<typeof EXPLAIN_FLAGS>,
  'ingress-class' | 'watch-ingress-without-class' | 'allow-insecure-issuers' | 'allowed-issuers'
>;

export function compileOptions(flags: CompileFlags, source: 'files' | 'cluster'): CompileOptions {
  return {
    ingressClass: flags['ingress-class'],
    watchIngressWithoutClass: flags['watch-ingress-without-class'],
    allowInsecureIssuers: flags['allow-insecure-issuers'],
    allowedIssuers: flags['allowed-issuers'],
    allowLoopbackEndpoints: source === 'files',
  };
}
