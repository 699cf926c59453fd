/** A port of loopback where nobody listens. */

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** For programs that cannot choose a port by themselves, and for upstreams that are not there. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
