/** What calls to providers may reach, and through which proxy: the same for every command. */

import type { BlockList } from 'node:net';

import { z } from 'zod';

import { check } from '../model/check.ts';
import type { Fault } from '../model/faults.ts';

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

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** A proxy that cannot be one would show only when a provider is called, and then as a fault of the provider. */
export function proxyFaults(environment: Environment): readonly Fault[] {
  return PROXY_VARIABLES.flatMap((path) => {
    const checked = check(proxyUrl, environment[path], [path]);
    return checked.kind === 'invalid' ? checked.faults : [];
  });
}

const proxyUrl = z
  .string()
  .refine((text) => text === '' || /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
    error: 'must be an http or https URL such as http://proxy.example.com:3128',
  })
  .optional();
