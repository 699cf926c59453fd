/** A whole cluster in one container of K3s, where Docker can pull. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { K3sContainer } from '@testcontainers/k3s';

import type { Cluster, NODE_PORTS } from './cluster.ts';

const IMAGE_FILE = '/tmp/image.tar';

/** Its node opens `ports` to this machine. */
export async function startK3sCluster(image: string, ports: typeof NODE_PORTS): Promise<Cluster> {
  const container = await new K3sContainer(image)
    .withExposedPorts(ports.http, ports.https)
    .withCommand(['server', '--disable=traefik,metrics-server,servicelb,local-storage'])
    .start();
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-e2e-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const addressOf = (port: number) => ({ host: container.getHost(), port: container.getMappedPort(port) });
  writeFileSync(kubeconfig, container.getKubeConfig(), { mode: 0o600 });
  return {
    kubeconfig,
    addresses: { http: addressOf(ports.http), https: addressOf(ports.https) },
    async loadImage(name) {
      const source = join(directory, 'image.tar');
      execFileSync('docker', ['save', '--output', source, name]);
      await container.copyFilesToContainer([{ source, target: IMAGE_FILE }]);
      const { exitCode, output } = await container.exec([
        'ctr',
        '--namespace=k8s.io',
        'images',
        'import',
        IMAGE_FILE,
      ]);
      if (exitCode !== 0) throw new Error(`the image could not be loaded: ${output}`);
    },
    async stop() {
      await container.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
