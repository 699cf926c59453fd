/** nginx as a plain reverse proxy, in a directory of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { findInstalled, type FoundBinary } from '../../support/tools.ts';

export interface Nginx {
  readonly port: number;
  close(): Promise<void>;
}

export function findNginx(): FoundBinary {
  return findInstalled(['nginx'], 'it is what the gateway is compared with');
}

/** Forwards everything to `upstreamPort` as it came, as far as nginx does that. */
export async function startNginx(upstreamPort: number): Promise<Nginx> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-nginx-'));
  const file = join(directory, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  );
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${join(directory, 'pid')}; error_log /dev/null;
     events { worker_connections 256; }
     http {
       access_log off; ${paths.join(' ')}
       large_client_header_buffers 4 16k;
       server {
         listen 127.0.0.1:${port};
         location / {
           proxy_pass http://127.0.0.1:${upstreamPort};
           proxy_http_version 1.1;
           proxy_request_buffering off;
           proxy_set_header Host $http_host;
           proxy_set_header Connection "";
         }
       }
     }`,
  );
  const child = spawn('nginx', ['-c', file, '-p', directory], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await eventually('nginx', async () => await accepts(port));
  return {
    port,
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.destroy();
  return true;
}
