/** The flags of `serve` about the Services behind it: what they are sent, how long they may take and how much at once. */

import type { FlagTable } from '../flags.ts';
import { bound, durationMs, toggle } from '../values.ts';

const HOUR_MS = 3_600_000;

export const SERVICE_FLAGS = {
  forwarded: {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description: 'Send `Forwarded` (RFC 7239) to services, beside `X-Forwarded-*`.',
  },
  via: {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description:
      'Send `Via` to services, as RFC 9110 asks of a gateway. Off by default: nginx, among others, does not compress answers to requests with it.',
  },
  'upstream-connect-timeout': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '5s',
    description: 'How long connecting to an endpoint may take; then another is tried, else 502.',
  },
  'upstream-first-byte-timeout': {
    schema: durationMs(24 * HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '60s',
    description: 'How long an endpoint may take until the first byte of its answer; then 504.',
  },
  'max-upstream-requests': {
    schema: bound(1_000_000),
    placeholder: 'COUNT',
    defaultText: 'off',
    description:
      'Requests at one backend at the same time, WebSockets included; further ones are answered with 503 and `Retry-After`.',
  },
} as const satisfies FlagTable;
