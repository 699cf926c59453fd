/** The image as it is run: built from local files, started by testcontainers, asked over its mapped ports. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';

import { eventually } from '../../support/eventually.ts';
import { call } from '../../support/http-client.ts';

const BASE = 'oidc-ingress-test-base';
const IMAGE = 'oidc-ingress-test';

function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** A base image with nothing but this very Node and the libraries that it loads: nothing is pulled. */
function makeBase(): void {
  const root = mkdtempSync(join(tmpdir(), 'oidc-ingress-base-'));
  const place = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to));
  };
  const report = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  place(process.execPath, '/usr/bin/node');
  for (const library of report.sharedObjects) {
    if (library.startsWith('/') && library !== process.execPath) place(library, library);
  }
  const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 512 * 1024 * 1024 });
  execFileSync('docker', ['import', '--change', 'ENV PATH=/usr/bin', '-', BASE], {
    input: tar,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  rmSync(root, { recursive: true });
}

function buildImage(): void {
  execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  execFileSync(
    'docker',
    [
      'build',
      '--quiet',
      '--build-arg',
      `BUILD_BASE=${BASE}`,
      '--build-arg',
      'BUNDLE=prebuilt',
      '--tag',
      IMAGE,
      '.',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DOCKER_BUILDKIT: '0' } },
  );
}

/** The class and the route to a container that plays the upstream. */
function manifests(upstreamAddress: string): string {
  return `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: oidc-ingress }
spec: { controller: oidc-ingress.io/controller }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 10254 }]
endpoints: [{ addresses: ["${upstreamAddress}"] }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: default }
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: web.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { name: http } } } }] }
`;
}

function gateway(yaml: string): GenericContainer {
  return new GenericContainer(IMAGE)
    .withCommand(['serve', '--manifests=/manifests', '--workers=1', '--drain-delay=0s'])
    .withCopyContentToContainer([{ content: yaml, target: '/manifests/all.yaml' }])
    .withExposedPorts(8080, 10254)
    .withWaitStrategy(Wait.forLogMessage('"msg":"ready"'));
}

describe('the image', () => {
  let upstream: StartedTestContainer;
  let container: StartedTestContainer;

  before(async () => {
    makeBase();
    buildImage();
    // Its admin server answers plain HTTP: upstream enough for another gateway.
    upstream = await gateway('').start();
    container = await gateway(manifests(upstream.getIpAddress('bridge'))).start();
  });

  after(async () => {
    await container?.stop();
    await upstream?.stop();
    execFileSync('docker', ['rmi', '--force', IMAGE, BASE], { stdio: 'ignore' });
  });

  test('serves a route and its probes', async () => {
    const ready = await call({ port: container.getMappedPort(10254), path: '/readyz' });
    assert.equal(ready.status, 200);
    const served = await call({
      port: container.getMappedPort(8080),
      host: 'web.example.com',
      path: '/readyz',
    });
    assert.equal(served.status, 200);
    assert.deepEqual(served.json(), { ready: true, missing: [] });
    const missing = await call({ port: container.getMappedPort(8080), host: 'other.example.com' });
    assert.equal(missing.status, 404);
    assert.equal(missing.json()['reason'], 'NoRoute');
  });

  test('runs as a user without rights, and has no shell', () => {
    const config = JSON.parse(docker('inspect', IMAGE)) as readonly [
      { readonly Config: { readonly User: string; readonly StopSignal: string } },
    ];
    assert.equal(config[0].Config.User, '65532:65532');
    assert.equal(config[0].Config.StopSignal, 'SIGTERM');
    const pid = docker('inspect', '--format', '{{.State.Pid}}', container.getId());
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t65532\t65532/m);
    assert.match(docker('exec', container.getId(), '/bin/node', '--version'), /^v\d+/);
    for (const program of ['/bin/sh', '/usr/bin/env', '/usr/bin/npm']) {
      // 126 and 127: there is no such program.
      assert.throws(
        () => docker('exec', container.getId(), program),
        (error: { readonly status?: number }) => error.status === 126 || error.status === 127,
        program,
      );
    }
  });

  test('needs no writable file system, and stops on SIGTERM with code 0', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oidc-ingress-manifests-'));
    writeFileSync(join(folder, 'all.yaml'), manifests('192.0.2.1'));
    chmodSync(folder, 0o755);
    const hardening = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
    const command = ['serve', '--manifests=/manifests', '--drain-delay=0s'];
    const id = docker(
      'run',
      '--detach',
      ...hardening,
      '--volume',
      `${folder}:/manifests:ro`,
      IMAGE,
      ...command,
    );
    try {
      await eventually('the container is ready', () =>
        Promise.resolve(docker('logs', id).includes('"msg":"ready"')),
      );
      docker('stop', '--time', '20', id);
      assert.equal(docker('inspect', '--format', '{{.State.ExitCode}}', id), '0');
    } finally {
      docker('rm', '--force', id);
      rmSync(folder, { recursive: true });
    }
  });
});
