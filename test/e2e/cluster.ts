/** The cluster of the end-to-end tests: the one that `E2E_KUBECONFIG` names, else K3s in a container. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import { canPull, K3S_IMAGE } from '../support/api-server-binaries.ts';
import { findBinary, type Missing } from '../support/tools.ts';
import { startK3sCluster } from './k3s-cluster.ts';

const run = promisify(execFile);

/** Ports of nodes that the Service of the gateway takes. */
export const NODE_PORTS = { http: 30_480, https: 30_443 } as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Cluster {
  readonly kubeconfig: string;
  /** Where {@link NODE_PORTS} are reached from here. */
  readonly addresses: Readonly<Record<keyof typeof NODE_PORTS, Address>>;
  /** Brings an image of the local Docker into the nodes. */
  loadImage(name: string): Promise<void>;
  stop(): Promise<void>;
}

export type FoundCluster =
  | { readonly kind: 'kubeconfig'; readonly path: string }
  | { readonly kind: 'k3s'; readonly image: string }
  | Missing;

/** Never rejects. */
export async function findCluster(): Promise<FoundCluster> {
  const path = process.env['E2E_KUBECONFIG'] ?? '';
  if (path !== '') {
    return existsSync(path)
      ? { kind: 'kubeconfig', path }
      : { kind: 'none', why: `E2E_KUBECONFIG: there is no file ${JSON.stringify(path)}` };
  }
  if (await canPull(K3S_IMAGE)) return { kind: 'k3s', image: K3S_IMAGE };
  const why =
    'no cluster for the end-to-end tests: set E2E_KUBECONFIG, or start a Docker that can pull images';
  return { kind: 'none', why };
}

export async function openCluster(found: FoundCluster): Promise<Cluster> {
  if (found.kind === 'none') throw new Error(found.why);
  return found.kind === 'k3s' ? startK3sCluster(found.image, NODE_PORTS) : openExisting(found.path);
}

/** `E2E_LOAD_IMAGE` is a command that takes the name of an image; without it the nodes must have the image anyway. */
async function openExisting(kubeconfig: string): Promise<Cluster> {
  const path = 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const { stdout } = await run(findBinary('kubectl') ?? 'kubectl', [
    '--kubeconfig',
    kubeconfig,
    'get',
    'nodes',
    '-o',
    path,
  ]);
  const [host = ''] = stdout.split(' ');
  return {
    kubeconfig,
    addresses: { http: { host, port: NODE_PORTS.http }, https: { host, port: NODE_PORTS.https } },
    async loadImage(name) {
      const command = process.env['E2E_LOAD_IMAGE'] ?? '';
      if (command !== '') await run('sh', ['-c', `${command} "$1"`, 'sh', name]);
    },
    stop: () => Promise.resolve(),
  };
}
