/** Memory of `oidc-ingress serve` while callers have asked for downloads of 1 GiB and read none of it. `--downloads=1000` */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { ingress, startWorld, surroundings } from '../test/support/world.ts';

const HOST = 'downloads.example.com';
const CHUNK = Buffer.alloc(64 * 1_024, 'x');
const CHUNKS = 16_384;
/** Longer than it takes to fill what is between the ends. */
const QUIET_MS = 3_000;

const { values } = parseArgs({ options: { downloads: { type: 'string', default: '1000' } } });
const downloads = Number(values.downloads);

let sent = 0;
let begun = 0;
const upstream = createServer((_request, response) => {
  begun += 1;
  response.writeHead(200, { 'Content-Length': CHUNK.length * CHUNKS });
  Readable.from(chunks()).pipe(response);
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const { port } = upstream.address() as AddressInfo;

const world = await startWorld({
  manifests: () => surroundings(port) + ingress(HOST),
  flags: ['--access-log=off', '--workers=2'],
});
const sockets: Socket[] = [];
try {
  const before = megabytes();
  for (let index = 0; index < downloads; index += 1) sockets.push(await ask());
  await quiet();
  const stalled = megabytes();
  const each = Math.round(((stalled - before) * 1_024) / downloads);
  const between = Math.round(sent / 1_048_576);
  console.log(`${begun} downloads stalled after ${between} MiB that kernel and gateway hold between them`);
  console.log(`memory ${before} MB before, ${stalled} MB meanwhile: ${each} KiB for each download`);
  const moved = sent;
  for (const socket of sockets.slice(0, 10)) socket.resume();
  while (sent < moved + 100 * CHUNK.length) await pause(50);
  console.log('and ten of them that read again go on');
} finally {
  for (const socket of sockets) socket.destroy();
  await world.close();
  upstream.closeAllConnections();
  upstream.close();
}

function* chunks(): Generator<Buffer> {
  for (let index = 0; index < CHUNKS; index += 1) {
    sent += CHUNK.length;
    yield CHUNK;
  }
}

async function ask(): Promise<Socket> {
  const socket = connect(world.gateway.ports.http, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  await once(socket, 'connect');
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  return socket;
}

/** Resolves when all have begun and nothing moves any more. */
async function quiet(): Promise<void> {
  const last = sent;
  await pause(QUIET_MS);
  if (sent !== last || begun < downloads) await quiet();
}

function megabytes(): number {
  const status = readFileSync(`/proc/${world.gateway.process.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
}
