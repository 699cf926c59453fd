/** etcd and kube-apiserver as processes on free ports of loopback, over a temporary directory. */

import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './eventually.ts';

/** What a test needs of a running API server, wherever it runs. */
export interface ControlPlane {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** Of a user in `system:masters`. */
  readonly adminToken: string;
  /** Ends the API server without ceremony; its data stay. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again after {@link ControlPlane.kill}, at the same address. */
  start(): Promise<void>;
  /** Ends everything and removes its data. */
  stop(): Promise<void>;
  /** The last lines that the server wrote, for the message of a failure. */
  lastLines(): Promise<string>;
}

/** Comes up within seconds; the caller asks `/readyz`. `binaries` holds `etcd` and `kube-apiserver`. */
export async function startControlPlane(binaries: string): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'oidc-ingress-api-'));
  const [etcdPort, peerPort, port] = await freePorts(3);
  const adminToken = randomBytes(24).toString('base64url');
  await writeCredentials(directory, adminToken);
  const children = new Set<ChildProcess>();
  const killAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  // A test that is broken off must leave nothing behind.
  process.once('exit', killAll);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killAll();
      process.kill(process.pid, signal);
    });
  }

  function launch(name: string, flags: readonly string[]): ChildProcess {
    const log = openSync(join(directory, `${name}.log`), 'a');
    const child = spawn(join(binaries, name), flags, { cwd: directory, stdio: ['ignore', log, log] });
    closeSync(log);
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  const etcd = launch('etcd', etcdFlags(etcdPort, peerPort));
  const startServer = (): ChildProcess => launch('kube-apiserver', serverFlags(port, etcdPort));
  let server = startServer();
  // The server makes itself a certificate, and its authority follows in the same file.
  const ca = await eventually(
    'the certificate of the API server',
    () => readFile(join(directory, 'pki', 'apiserver.crt'), 'utf8'),
    60_000,
  ).catch((error: unknown) => {
    // What still runs would keep the test from its end.
    killAll();
    throw error;
  });

  return {
    url: `https://127.0.0.1:${port}`,
    ca,
    adminToken,
    kill: (signal) => end(server, signal),
    start: () => {
      server = startServer();
      return Promise.resolve();
    },
    async stop() {
      process.off('exit', killAll);
      await end(server, 'SIGKILL');
      await end(etcd, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
    async lastLines() {
      const log = await readFile(join(directory, 'kube-apiserver.log'), 'utf8');
      return log.slice(-2_000);
    },
  };
}

function etcdFlags(port: number, peerPort: number): readonly string[] {
  return [
    '--data-dir=etcd',
    `--listen-client-urls=http://127.0.0.1:${port}`,
    `--advertise-client-urls=http://127.0.0.1:${port}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function serverFlags(port: number, etcdPort: number): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--cert-dir=pki',
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-account-key-file=accounts.pub',
    '--service-account-signing-key-file=accounts.key',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--profiling=false',
  ];
}

async function writeCredentials(directory: string, adminToken: string): Promise<void> {
  const accounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = {
    'accounts.pub': accounts.publicKey,
    'accounts.key': accounts.privateKey,
    'tokens.csv': `${adminToken},admin,admin,system:masters\n`,
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(directory, name), content, { mode: 0o600 });
  }
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: 3): Promise<readonly [number, number, number]>;
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
