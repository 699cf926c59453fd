/** How a subject tells the bench where it listens. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export function announce(server: Server): void {
  announcePort((server.address() as AddressInfo).port);
}

export function announcePort(port: number): void {
  process.send?.({ port });
}
