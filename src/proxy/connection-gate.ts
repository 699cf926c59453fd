/** Which connections of callers are taken: as many as the process may hold, and as many as one address may. */

import type { Server, Socket } from 'node:net';

import { callerBlock } from '../http/source-ranges.ts';
import type { ProxyTelemetry } from '../telemetry/ports.ts';
import type { IsTrusted } from './caller.ts';
import type { ProxyLimits } from './limits.ts';
import { tallyPlaces, type SharedTally, type TallyPlaces } from './shared-tally.ts';

export interface ConnectionGateOptions {
  readonly tally: SharedTally;
  readonly limits: Pick<ProxyLimits, 'connections' | 'connectionsPerAddress'>;
  /** A load balancer speaks for many: its address is not limited. */
  readonly isTrusted: IsTrusted;
  readonly telemetry: ProxyTelemetry;
}

/** Of an address that nobody limits. */
const NOWHERE: TallyPlaces = [];

export class ConnectionGate {
  readonly #options: ConnectionGateOptions;

  constructor(options: ConnectionGateOptions) {
    this.#options = options;
  }

  /** Counts a connection until it closes. @returns false where it is one too many, and has been closed. */
  admit(socket: Socket, peerAddress: string): boolean {
    const { tally, limits, telemetry } = this.#options;
    const isCounted = limits.connectionsPerAddress !== Infinity;
    const places = isCounted ? tallyPlaces(callerBlock(peerAddress)) : NOWHERE;
    tally.add(places, 1);
    telemetry.connections(1);
    socket.on('close', () => {
      tally.add(places, -1);
      telemetry.connections(-1);
    });
    const limit = this.#exceeded(peerAddress, places);
    if (limit === undefined) return true;
    telemetry.limitReached(limit);
    socket.destroy();
    return false;
  }

  #exceeded(peerAddress: string, places: TallyPlaces): 'connections' | 'connections_per_address' | undefined {
    const { tally, limits, isTrusted } = this.#options;
    if (tally.total > limits.connections) return 'connections';
    if (places === NOWHERE || tally.count(places) <= limits.connectionsPerAddress) return undefined;
    return isTrusted(peerAddress) ? undefined : 'connections_per_address';
  }
}

/** Puts `admit` before everything that `server` itself does with a new connection; it calls `proceed`, or does not. */
export function guardConnections(server: Server, admit: (socket: Socket, proceed: () => void) => void): void {
  const own = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    admit(socket, () => {
      for (const listener of own) Reflect.apply(listener, server, [socket]);
    });
  });
}
