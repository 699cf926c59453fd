/** What calls to providers may reach, and through which proxy: the same for every command. */

import type { BlockList } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

interface ProviderFlags {
  readonly 'allow-insecure-issuers': boolean;
  readonly 'allow-provider-cidrs': BlockList;
}

export function providerNetwork(flags: ProviderFlags, environment: Environment) {
  return {
    allowInsecureIssuers: flags['allow-insecure-issuers'],
    allowedBlocks: flags['allow-provider-cidrs'],
    proxy: {
      httpsProxy: environment['HTTPS_PROXY'] ?? environment['https_proxy'],
      httpProxy: environment['HTTP_PROXY'] ?? environment['http_proxy'],
      noProxy: environment['NO_PROXY'] ?? environment['no_proxy'],
    },
  };
}
