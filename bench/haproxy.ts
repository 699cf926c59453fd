/** HAProxy with one thread, as a pass-through with its log of requests. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '../test/support/free-port.ts';
import { end, makeDirectory, pidOf, spawnOwned, type Running } from './running.ts';
import type { Surroundings } from './surroundings.ts';

export async function startHaproxy({ upstreamPort, keyPair }: Surroundings): Promise<Running> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const directory = makeDirectory();
  const file = join(directory, 'haproxy.cfg');
  const log = join(directory, 'access.log');
  writeFileSync(join(directory, 'both.pem'), keyPair.certificate + keyPair.privateKey);
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 8000
  log stdout format raw local0
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  log global
  option httplog
frontend callers
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${tlsPort} ssl crt ${join(directory, 'both.pem')}
  option forwardfor
  default_backend orders
backend orders
  http-reuse always
  server one 127.0.0.1:${upstreamPort}
`,
  );
  const child = spawnOwned('haproxy', ['-db', '-q', '-f', file], log);
  return { port, tlsPort, pid: pidOf(child), log, close: () => end(child, directory) };
}
