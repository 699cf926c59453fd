/** An API server in a container of K3s, where Docker can pull. */

import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';

import { K3sContainer } from '@testcontainers/k3s';
import { getContainerRuntimeClient } from 'testcontainers';
import { parse } from 'yaml';

import type { ControlPlane } from './control-plane.ts';

const SERVER_PORT = 6443;
const TOKENS = '/etc/oidc-ingress-tokens.csv';

export async function startK3s(image: string): Promise<ControlPlane> {
  const adminToken = randomBytes(24).toString('base64url');
  const host = await freePort();
  const container = await new K3sContainer(image)
    // The same port after a restart.
    .withExposedPorts({ container: SERVER_PORT, host })
    .withCopyContentToContainer([{ content: `${adminToken},admin,admin,system:masters\n`, target: TOKENS }])
    .withCommand([
      'server',
      '--disable=traefik,metrics-server,servicelb,coredns,local-storage',
      `--kube-apiserver-arg=token-auth-file=${TOKENS}`,
    ])
    .start();
  const { container: docker } = await getContainerRuntimeClient();
  const handle = docker.getById(container.getId());
  const config = parse(container.getKubeConfig()) as {
    readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  };
  const { cluster } = config.clusters[0];
  return {
    url: cluster['server'] ?? '',
    ca: Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString('utf8'),
    adminToken,
    async kill(signal) {
      await handle.kill({ signal });
    },
    async start() {
      await handle.start();
    },
    async stop() {
      await container.stop();
    },
    lastLines: () => Promise.resolve(`see docker logs ${container.getId()}`),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
