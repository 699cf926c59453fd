/** The flags of `serve` for who operates it: the admin server and the logs. */

import { z } from 'zod';

import type { FlagTable } from '../flags.ts';
import { listenAddress, wholeNumber } from '../values.ts';

export const OPERATION_FLAGS = {
  'admin-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: ':10254',
    description: 'Probes, metrics and debug pages, in the same forms.',
  },
  'admin-token-file': {
    schema: z.string().min(1, { error: 'must be a file' }).optional(),
    placeholder: 'FILE',
    defaultText: undefined,
    description:
      'File with the bearer token that lets `DELETE /v1/tokens` of the admin server purge cached tokens. Read anew for each call; without it, and without `--admin-token-audience`, the call is refused.',
  },
  'admin-token-audience': {
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{1,253}$/, { error: 'must be 1 to 253 printable characters without spaces' })
      .optional(),
    placeholder: 'AUDIENCE',
    defaultText: undefined,
    description:
      'Audience for which tokens of the cluster must be made to purge cached tokens too, such as `oidc-ingress`. The API server is asked at each call whose token it is, and whether they may `delete` the non-resource URL `/v1/tokens`.',
  },
  'access-log': {
    schema: z.enum(['all', 'errors', 'off'], { error: 'must be all, errors or off' }),
    placeholder: 'MODE',
    defaultText: 'all',
    description:
      'Which requests have a line of JSON on standard output: `all`, only those that were refused or failed (`errors`), or none (`off`).',
  },
  'access-log-sample': {
    schema: wholeNumber(1, 1_000_000),
    placeholder: 'COUNT',
    defaultText: '1',
    description: 'With `--access-log=all`: of the requests that went well only one in so many has a line.',
  },
  'log-level': {
    schema: z.enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' }),
    placeholder: 'LEVEL',
    defaultText: 'info',
    description: 'Least severe level that is logged: `debug`, `info`, `warn` or `error`.',
  },
} as const satisfies FlagTable;
