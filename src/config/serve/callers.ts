/** The flags of `serve` about callers: where they connect, whom to believe, and how long and how much they may. */

import { availableParallelism } from 'node:os';

import { z } from 'zod';

import type { FlagTable } from '../flags.ts';
import { bound, cidrList, durationMs, listenAddress, wholeNumber } from '../values.ts';

const HOUR_MS = 3_600_000;

export const CALLER_FLAGS = {
  'http-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: ':8080',
    description: 'Where callers connect in clear text: `:PORT`, `ADDRESS:PORT`, `[IPV6]:PORT` or `off`.',
  },
  'https-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: ':8443',
    description: 'Where callers connect over TLS, in the same forms.',
  },
  workers: {
    schema: wholeNumber(1, 256),
    placeholder: 'COUNT',
    defaultText: String(availableParallelism()),
    description: 'Proxy threads. Default: one for each available core.',
  },
  'trusted-proxies': {
    schema: cidrList,
    placeholder: 'CIDRS',
    defaultText: '',
    description:
      'Callers whose `X-Forwarded-*` and `X-Request-Id` headers are believed: addresses and CIDR blocks separated by commas.',
  },
  'proxy-protocol': {
    schema: z.enum(['off', 'on'], { error: 'must be off or on' }),
    placeholder: 'MODE',
    defaultText: 'off',
    description:
      '`on`: every connection from `--trusted-proxies` begins with a header of the PROXY protocol, version 1 or 2, that tells the address of the caller; one without it is closed. Others are served without.',
  },
  'max-header-bytes': {
    schema: wholeNumber(1_024, 1_048_576),
    placeholder: 'BYTES',
    defaultText: '16384',
    description: 'Longest request line and header fields together; longer ones are answered with 431.',
  },
  'header-timeout': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '15s',
    description: 'How long a caller may take to send a request head; then 408.',
  },
  'keep-alive-timeout': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '75s',
    description:
      'How long an idle connection of a caller stays open: longer than that of any load balancer in front.',
  },
  'idle-timeout': {
    schema: durationMs(24 * HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '60s',
    description: 'How long a request may go on without a byte in either direction.',
  },
  'max-connections': {
    schema: bound(1_000_000),
    placeholder: 'COUNT',
    defaultText: '20000',
    description: 'Open connections from callers; further ones are closed at once. `off`: no limit.',
  },
  'max-connections-per-address': {
    schema: bound(1_000_000),
    placeholder: 'COUNT',
    defaultText: 'off',
    description:
      'The same for one IPv4 address, or one /64 of IPv6 addresses, that is none of `--trusted-proxies`.',
  },
  'drain-delay': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '10s',
    description: 'After SIGTERM: how long new connections are still accepted while `/readyz` fails.',
  },
  'drain-timeout': {
    schema: durationMs(24 * HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '5m',
    description: 'After the drain delay: how long requests in flight may take to finish.',
  },
} as const satisfies FlagTable;
