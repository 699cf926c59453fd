/** The connection that a request came by, looked at once. */

import { isIPv6, type BlockList, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import { unmapped } from '../http/client-address.ts';
import type { Transaction } from './transaction.ts';

export interface Caller {
  /** Without IPv4 mapping. */
  readonly peerAddress: string;
  readonly isPeerTrusted: boolean;
  readonly isTls: boolean;
  /** What the TLS handshake named (SNI), lower-case; `undefined` where it named nothing. */
  readonly serverName: string | undefined;
  /** The request that came by it last and is not over. */
  current: Transaction | undefined;
  /** The lines that tell a service about the caller, for the port that was asked for last. */
  forwarding: { readonly port: number | undefined; readonly lines: string } | undefined;
}

export type IsTrusted = (address: string) => boolean;

/** Addresses whose answer is remembered; callers choose theirs, so that there must be an end. */
const MAX_REMEMBERED = 1_024;

export function trustIn(trustedProxies: BlockList): IsTrusted {
  if (trustedProxies.rules.length === 0) return () => false;
  const known = new Map<string, boolean>();
  return (address) => {
    const answer = known.get(address);
    if (answer !== undefined) return answer;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const isTrusted = trustedProxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    known.set(address, isTrusted);
    return isTrusted;
  };
}

/** @param claimedAddress whom a trusted proxy said that a connection is for */
export function createCallers(
  isTrusted: IsTrusted,
  claimedAddress: (socket: Socket) => string | undefined,
): (socket: Socket | TLSSocket) => Caller {
  return (socket) => {
    const peerAddress = claimedAddress(socket) ?? unmapped(socket.remoteAddress ?? '');
    return {
      peerAddress,
      isPeerTrusted: peerAddress !== '' && isTrusted(peerAddress),
      isTls: 'encrypted' in socket && socket.encrypted,
      serverName: serverNameOf(socket),
      current: undefined,
      forwarding: undefined,
    };
  };
}

function serverNameOf(socket: Socket | TLSSocket): string | undefined {
  const name: unknown = 'servername' in socket ? socket.servername : undefined;
  if (typeof name !== 'string' || name === '') return undefined;
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}
