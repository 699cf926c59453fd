/** The flags of `serve` about providers: which may be asked, and how much. */

import type { FlagTable } from '../flags.ts';
import { cidrList, issuerList, toggle, wholeNumber } from '../values.ts';

export const PROVIDER_FLAGS = {
  'allow-insecure-issuers': {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description: 'For development: providers may use plain `http` and loopback addresses.',
  },
  'allowed-issuers': {
    schema: issuerList,
    placeholder: 'LIST',
    defaultText: '',
    description: 'Issuers that policies may name, exact URLs separated by commas. Default: any.',
  },
  'allow-provider-cidrs': {
    schema: cidrList,
    placeholder: 'CIDRS',
    defaultText: '',
    description: 'Blocks that providers may resolve to although they are loopback or link-local.',
  },
  'provider-rate': {
    schema: wholeNumber(1, 10_000),
    placeholder: 'COUNT',
    defaultText: '20',
    description:
      'Token requests a second to one provider, and at most as many at once after a pause; what is above waits its turn.',
  },
  'provider-concurrency': {
    schema: wholeNumber(1, 1_000),
    placeholder: 'COUNT',
    defaultText: '8',
    description: 'Token requests to one provider at the same time.',
  },
} as const satisfies FlagTable;
