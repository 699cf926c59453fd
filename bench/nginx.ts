/** nginx in a directory of its own: the upstream of every subject, and a pass-through to compare with. */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ANSWER } from './answer.ts';

export interface Nginx {
  readonly port: number;
  readonly process: ChildProcess;
  close(): Promise<void>;
}

export async function startUpstream(): Promise<Nginx> {
  const port = await freePort();
  return start(port, `server { listen 127.0.0.1:${port} reuseport; ${JSON_ANSWER} }`);
}

export async function startPassThrough(upstreamPort: number): Promise<Nginx> {
  const port = await freePort();
  return start(
    port,
    `upstream orders { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000; }
     server {
       listen 127.0.0.1:${port};
       location / {
         proxy_pass http://orders;
         proxy_http_version 1.1;
         proxy_set_header Connection "";
         proxy_set_header Host $host;
         proxy_set_header X-Forwarded-For $remote_addr;
       }
     }`,
  );
}

const JSON_ANSWER = `location / { default_type application/json; return 200 '${ANSWER}'; }`;

function start(port: number, server: string): Nginx {
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-bench-'));
  const file = join(directory, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  );
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${join(directory, 'pid')}; error_log stderr error;
     events { worker_connections 1024; }
     http { access_log off; keepalive_requests 100000000; keepalive_timeout 300; ${paths.join(' ')} ${server} }`,
  );
  const child = spawn('nginx', ['-c', file, '-p', directory], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  return {
    port,
    process: child,
    async close() {
      child.kill('SIGTERM');
      await promise;
      rmSync(directory, { recursive: true });
    },
  };
}

/** nginx cannot choose a port by itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
