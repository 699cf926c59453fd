/** Annotations that limit requests: times, sizes, sources, rates. */

import { isIP } from 'node:net';

import type { RateLimit, RouteOptions } from '../../model/route-options.ts';
import { invalid, readDuration, readList, valid, type DurationBounds, type Reading } from './reading.ts';

type Timeouts = RouteOptions['timeouts'];

const TIMEOUTS: Readonly<
  Record<string, { readonly field: keyof Timeouts; readonly bounds: DurationBounds }>
> = {
  connect: { field: 'connectMs', bounds: { min: '1ms', max: '1h' } },
  'first-byte': { field: 'firstByteMs', bounds: { min: '1ms', max: '24h' } },
  idle: { field: 'idleMs', bounds: { min: '1ms', max: '24h' } },
};

export function readTimeouts(text: string): Reading<Timeouts> {
  const timeouts: Record<keyof Timeouts, number | undefined> = {
    connectMs: undefined,
    firstByteMs: undefined,
    idleMs: undefined,
  };
  const entries = readList(text, Object.keys(TIMEOUTS).length, (entry) => {
    const [name = '', duration = ''] = entry.split('=', 2);
    const row = Object.hasOwn(TIMEOUTS, name) ? TIMEOUTS[name] : undefined;
    if (row === undefined || entry !== `${name}=${duration}`) {
      return invalid('must be connect=DURATION, first-byte=DURATION or idle=DURATION');
    }
    if (timeouts[row.field] !== undefined) return invalid('must not be set twice');
    const reading = readDuration(duration, row.bounds);
    if (reading.kind === 'valid') timeouts[row.field] = reading.value;
    return reading;
  });
  return entries.kind === 'invalid' ? entries : valid(timeouts);
}

const SIZE = /^([1-9][0-9]{0,12})(?:([kmg])i?)?$/i;
const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const MAX_BYTES = 2 ** 40;

export function readSize(text: string): Reading<number> {
  const [, digits = '', unit = ''] = SIZE.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  return bytes > 0 && bytes <= MAX_BYTES
    ? valid(bytes)
    : invalid('must be a size from 1 to 1024g, such as 500000, 512k, 8m or 1g');
}

const MAX_BLOCKS = 256;

export function readSourceRanges(text: string): Reading<readonly string[]> {
  return readList(text, MAX_BLOCKS, (entry) =>
    isBlock(entry) ? valid(entry) : invalid('must be an IP address or a CIDR block'),
  );
}

function isBlock(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

const RATE = /^([1-9][0-9]{0,6})\/([0-9]+[a-z]+)(?: (address|client))?$/;

export function readRateLimit(text: string): Reading<RateLimit> {
  const [, requests, duration = '', by] = RATE.exec(text) ?? [];
  const window = readDuration(duration, { min: '1s', max: '1h' });
  if (requests === undefined || window.kind === 'invalid') {
    return invalid(
      'must be REQUESTS/DURATION from 1s to 1h, such as 100/1m, and then "client" or "address" or nothing',
    );
  }
  return valid({
    requests: Number(requests),
    windowMs: window.value,
    by: by === 'client' ? 'client' : 'address',
  });
}
