/** What is said where an address cannot be listened on. */

import type { ListenAddress } from './values.ts';

/** Names the flag that holds the address. */
export function cannotListen(flag: string, { host = '', port }: ListenAddress, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'the port is taken by another process' : message;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Error(`--${flag}: cannot listen on ${address}: ${why}`, { cause });
}
