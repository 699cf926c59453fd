/** Annotations that change where requests go: rewriting, redirects, session affinity, canaries. */

import type { Canary, RouteOptions, SessionAffinity } from '../../model/route-options.ts';
import { parsePath } from '../paths.ts';
import { HEADER_NAME, isHeaderValue } from './headers.ts';
import { invalid, readDuration, valid, type Reading } from './reading.ts';

type Redirect = NonNullable<RouteOptions['redirect']>;

const STATUSES: readonly Redirect['status'][] = [301, 302, 303, 307, 308];
const MAX_LOCATION = 2_048;
/** Names that every browser takes, and that no attribute can follow. */
const COOKIE = /^[A-Za-z0-9_-]{1,64}$/;

/** A path that may stand in a rule, so that what the Service gets is what a caller could have asked for. */
export function readRewritePrefix(text: string): Reading<string> {
  const parsed = parsePath({ path: text, pathType: 'Prefix' });
  return parsed.kind === 'valid'
    ? valid(text)
    : invalid('must be an absolute path that a Prefix rule could have');
}

export function readRedirect(text: string): Reading<Redirect> {
  const [, code, location = ''] = /^(?:(\d{3}) )?(\S+)$/.exec(text) ?? [];
  const status = code === undefined ? 302 : STATUSES.find((known) => String(known) === code);
  if (status === undefined || !isLocation(location)) {
    return invalid(`must be URL or STATUS URL: http, https or a path, status one of ${STATUSES.join(', ')}`);
  }
  return valid({ status, location });
}

/** `//host` and `/\host` lead elsewhere while they look like a path. */
function isLocation(text: string): boolean {
  if (text.length > MAX_LOCATION || !/^[\x21-\x7e]+$/.test(text) || /["<>\\^`{|}]/.test(text)) return false;
  if (text.startsWith('/')) return !text.startsWith('//');
  return /^https?:\/\/[^/@?#]+(?:[/?#]|$)/.test(text) && URL.canParse(text);
}

export function readSessionAffinity(text: string): Reading<SessionAffinity> {
  const [cookie = '', setting, ...rest] = text.split(' ');
  const age = setting?.startsWith('max-age=') ? setting.slice('max-age='.length) : undefined;
  if (!COOKIE.test(cookie) || rest.length > 0 || (setting !== undefined && age === undefined)) {
    return invalid('must be COOKIE or COOKIE max-age=DURATION, COOKIE of letters, digits, _ and -');
  }
  if (age === undefined) return valid({ cookie, maxAgeSeconds: undefined });
  const reading = readDuration(age, { min: '1s', max: '9000h' });
  return reading.kind === 'valid'
    ? valid({ cookie, maxAgeSeconds: Math.floor(reading.value / 1_000) })
    : invalid(`max-age ${reading.message}`);
}

const PERCENT = /^(?:100|[1-9]?[0-9])$/;

export function readCanary(text: string): Reading<Canary['when']> {
  const [, by, rest = ''] = /^(weight|header)=(.*)$/s.exec(text) ?? [];
  if (by === 'weight') {
    return PERCENT.test(rest)
      ? valid({ kind: 'weight', percent: Number(rest) })
      : invalid('weight must be a whole number from 0 to 100');
  }
  if (by !== 'header') return invalid('must be weight=PERCENT, header=NAME or header=NAME:VALUE');
  const colon = rest.indexOf(':');
  const name = colon === -1 ? rest : rest.slice(0, colon);
  const value = colon === -1 ? undefined : rest.slice(colon + 1).trim();
  if (!HEADER_NAME.test(name))
    return invalid('header must be NAME or NAME:VALUE, NAME of letters, digits and -');
  if (value !== undefined && !isHeaderValue(value)) {
    return invalid('the value of header must be printable ASCII, and not empty');
  }
  return valid({ kind: 'header', name: name.toLowerCase(), value });
}
