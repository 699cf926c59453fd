/** A whole cluster in one container of K3s, where Docker can pull. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { K3sContainer } from '@testcontainers/k3s';

import type { Cluster } from './cluster.ts';

const IMAGE_FILE = '/tmp/image.tar';

/** Its node opens `nodePort` to this machine. */
export async function startK3sCluster(image: string, nodePort: number): Promise<Cluster> {
  const container = await new K3sContainer(image)
    .withExposedPorts(nodePort)
    .withCommand(['server', '--disable=traefik,metrics-server,servicelb,local-storage'])
    .start();
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-e2e-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, container.getKubeConfig(), { mode: 0o600 });
  return {
    kubeconfig,
    address: { host: container.getHost(), port: container.getMappedPort(nodePort) },
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
