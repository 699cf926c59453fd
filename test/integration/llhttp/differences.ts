/** Where two readings of the same bytes part, in words. */

import type { Reading, Seen } from './readings.ts';

/** The first place where they part; `undefined`: nowhere. */
export function differenceOf(ours: Reading, theirs: Reading): string | undefined {
  const count = Math.max(ours.requests.length, theirs.requests.length);
  for (let at = 0; at < count; at += 1) {
    const [a, b] = [ours.requests[at], theirs.requests[at]];
    if (a === undefined) return `not for the gateway: ${ours.end ?? 'waits'}`;
    if (b === undefined) return `not for llhttp: ${theirs.end ?? 'waits'}`;
    const difference = inRequest(a, b) ?? inEnd(a, b, ours, theirs);
    if (difference !== undefined) return difference;
  }
  return inLast(ours, theirs);
}

function inRequest(a: Seen, b: Seen): string | undefined {
  if (a.method !== b.method) return 'another method';
  if (a.target !== b.target) return 'another target';
  if (a.headers.join('\n') !== b.headers.join('\n')) return 'other headers';
  if (!a.body.startsWith(b.body) && !b.body.startsWith(a.body)) return 'another body';
  if (!a.isWhole || !b.isWhole) return undefined;
  if (a.body !== b.body) return 'another length of the body';
  return a.trailers.join('\n') === b.trailers.join('\n') ? undefined : 'other trailers';
}

function inEnd(a: Seen, b: Seen, ours: Reading, theirs: Reading): string | undefined {
  if (a.isWhole === b.isWhole) return undefined;
  const trailers = a.trailers.filter((_, index) => index % 2 === 0).join();
  return a.isWhole
    ? `the body ends for the gateway only: ${theirs.end ?? 'waits'}${trailers && `, trailers ${trailers}`}`
    : `the body ends for llhttp only: ${ours.end ?? 'waits'}`;
}

/** What is there behind the last request, or of it, and is none. */
function inLast(ours: Reading, theirs: Reading): string | undefined {
  if (ours.end === undefined)
    return theirs.end === undefined ? undefined : `given up by llhttp only: ${theirs.end}`;
  return theirs.end === undefined && ours.end !== 'closed'
    ? `given up by the gateway only: ${ours.end}`
    : undefined;
}
