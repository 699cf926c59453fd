/** What is said where an address cannot be listened on. */

import type { ListenAddress } from './values.ts';

export class CannotListen extends Error {
  override readonly name = 'CannotListen';
  /** Holds the address, without its dashes. */
  readonly flag: string;
  readonly isTaken: boolean;

  constructor(flag: string, { host = '', port }: ListenAddress, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isTaken = code === 'EADDRINUSE';
    const why = isTaken ? 'the port is taken by another process' : message;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    super(`--${flag}: cannot listen on ${address}: ${why}`, { cause });
    this.flag = flag;
    this.isTaken = isTaken;
  }
}
