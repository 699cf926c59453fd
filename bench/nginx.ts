/** nginx with one worker: the upstream of every subject, and the pass-through that all are compared with. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { KIBIBYTE, LARGE_ANSWER, MEDIUM_KIBIBYTES, SMALL_ANSWER } from './bodies.ts';
import { freePort } from '../test/support/free-port.ts';
import { end, makeDirectory, pidOf, spawnOwned, type Running } from './running.ts';
import type { Surroundings } from './surroundings.ts';

export async function startUpstream(): Promise<Running> {
  const port = await freePort();
  const directory = makeDirectory();
  writeFileSync(join(directory, 'large'), LARGE_ANSWER);
  return start(
    directory,
    port,
    `server {
       listen 127.0.0.1:${port} reuseport backlog=4096;
       default_type application/json;
       set $k '${KIBIBYTE}';
       location / { return 200 '${SMALL_ANSWER}'; }
       location = /v1/batches { return 200 "${'$k'.repeat(MEDIUM_KIBIBYTES)}"; }
       location = /v1/export { alias ${join(directory, 'large')}; open_file_cache max=1; sendfile on; }
     }`,
  );
}

export interface PassThroughOptions extends Pick<Surroundings, 'upstreamPort' | 'keyPair'> {
  readonly hasAccessLog: boolean;
}

export async function startPassThrough(options: PassThroughOptions): Promise<Running> {
  const { upstreamPort, keyPair, hasAccessLog } = options;
  const [port, tlsPort] = [await freePort(), await freePort()];
  const directory = makeDirectory();
  const log = join(directory, 'access.log');
  writeFileSync(join(directory, 'cert.pem'), keyPair.certificate);
  writeFileSync(join(directory, 'key.pem'), keyPair.privateKey);
  const running = start(
    directory,
    port,
    `upstream orders { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 100000000; }
     ssl_certificate ${join(directory, 'cert.pem')};
     ssl_certificate_key ${join(directory, 'key.pem')};
     ssl_protocols TLSv1.2 TLSv1.3;
     server {
       listen 127.0.0.1:${port} backlog=4096;
       listen 127.0.0.1:${tlsPort} ssl backlog=4096;
       access_log ${hasAccessLog ? `${log} combined` : 'off'};
       location / {
         proxy_pass http://orders;
         proxy_http_version 1.1;
         proxy_set_header Connection "";
         proxy_set_header Host $host;
         proxy_set_header X-Forwarded-For $remote_addr;
       }
     }`,
  );
  return { ...running, tlsPort, ...(hasAccessLog && { log }) };
}

function start(directory: string, port: number, servers: string): Running {
  const file = join(directory, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  );
  writeFileSync(
    file,
    // The user matters to root only: its worker shall read the directory of the bench.
    `user root; worker_processes 1; daemon off;
     pid ${join(directory, 'pid')}; error_log stderr error;
     events { worker_connections 16384; }
     http { access_log off; keepalive_requests 100000000; keepalive_timeout 300; ${paths.join(' ')} ${servers} }`,
  );
  const child = spawnOwned('nginx', ['-c', file, '-p', directory]);
  return { port, pid: pidOf(child), close: () => end(child, directory) };
}
