/** The cookie by which a caller comes back to the endpoint that served it. */

import type { SessionAffinity } from '../model/route-options.ts';

/** The value of the first cookie called `name` (RFC 6265, section 5.4). */
export function cookieValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'cookie') continue;
    for (const pair of (rawHeaders[at + 1] ?? '').split(';')) {
      const text = pair.trim();
      if (text.startsWith(name) && text[name.length] === '=') return text.slice(name.length + 1);
    }
  }
  return undefined;
}

/** A value of Set-Cookie. Scripts cannot read it, and other sites cannot have it sent along with a form. */
export function affinityCookie(
  { cookie, maxAgeSeconds }: SessionAffinity,
  value: string,
  isSecure: boolean,
): string {
  const age = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`;
  return `${cookie}=${value}; Path=/${age}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
}
