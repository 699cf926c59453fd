/** What a path and a query may hold so that everything behind the gateway reads them as the gateway does. */

const PERCENT = 0x25;
const SLASH = 0x2f;
const DOT = 0x2e;
const SEMICOLON = 0x3b;
const HASH = 0x23;
const BACKSLASH = 0x5c;

/** By character code: not allowed in a path by RFC 3986, and rewritten by URL parsers. */
const REWRITTEN = codesOf('"<>^`{}');

/** @returns what is wrong with a path that starts with `/`, or `undefined` */
export function pathFault(path: string): string | undefined {
  let segmentStart = 1;
  for (let at = 1; at < path.length; at += 1) {
    const code = path.charCodeAt(at);
    if (code === SLASH) {
      if (isDotSegment(path, segmentStart, at)) return DOT_SEGMENT;
      segmentStart = at + 1;
    } else if (code === PERCENT) {
      const fault = escapeFault(path, at);
      if (fault !== undefined) return fault;
      at += 2;
    } else {
      const fault = characterFault(code);
      if (fault !== undefined) return fault;
      if (REWRITTEN[code] === 1) return 'path must not hold any of " < > ^ ` { } unless percent-encoded';
    }
  }
  return isDotSegment(path, segmentStart, path.length) ? DOT_SEGMENT : undefined;
}

/** @returns what is wrong with a query, or `undefined`. Its escapes are the business of the service. */
export function queryFault(query: string): string | undefined {
  for (let at = 0; at < query.length; at += 1) {
    const fault = characterFault(query.charCodeAt(at));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const DOT_SEGMENT = 'path must not hold the segments . and ..';

function characterFault(code: number): string | undefined {
  if (code <= 0x20 || code >= 0x7f) return 'request target must be printable ASCII without spaces';
  if (code === HASH) return 'request target must not hold a fragment';
  return code === BACKSLASH ? 'request target must not hold a backslash' : undefined;
}

/** Servers that know path parameters drop them before they resolve dots: `/public/..;/admin` is `/admin` there. */
function isDotSegment(path: string, start: number, end: number): boolean {
  if (path.charCodeAt(start) !== DOT || start === end) return false;
  let at = start + 1;
  if (at < end && path.charCodeAt(at) === DOT) at += 1;
  return at === end || path.charCodeAt(at) === SEMICOLON;
}

function escapeFault(path: string, at: number): string | undefined {
  const high = hexDigit(path.charCodeAt(at + 1));
  const low = hexDigit(path.charCodeAt(at + 2));
  if (high === -1 || low === -1) return 'path must be well-formed: % must be followed by two hex digits';
  const code = high * 16 + low;
  if (code === 0 || code === SLASH || code === BACKSLASH) {
    return 'path must not hold an encoded slash, backslash or NUL';
  }
  // `/%61dmin` is `/admin` to the service, but would miss the rules for `/admin` here. Nobody has to encode these.
  if (isPlain(code)) return 'path must not hold an encoded letter, digit, dot, hyphen or underscore';
  return undefined;
}

/** Unreserved in RFC 3986 but for `~`, which old encoders escape. */
function isPlain(code: number): boolean {
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return code < 0x80;
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === DOT || code === 0x5f;
}

/** -1 where it is none, also behind the end. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function codesOf(characters: string): Uint8Array {
  const codes = new Uint8Array(0x80);
  for (const character of characters) codes[character.charCodeAt(0)] = 1;
  return codes;
}
