/** The image as it is run: built from local files, started by testcontainers, asked over its mapped ports. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';

import { eventually } from '../../support/eventually.ts';
import { call } from '../../support/http-client.ts';
import { buildImage, docker } from '../../support/image.ts';
import { ingress, surroundings } from '../../support/world.ts';

const IMAGE = 'oidc-ingress-test';
const HOST = 'web.example.com';

/** Bounds far above what is measured, so that growth is noticed and a busy machine is not. */
const MAX_IMAGE_MB = 190;
const MAX_START_MS = 20_000;

/** A route to a container that plays the upstream. */
function manifests(upstreamAddress: string): string {
  return surroundings(10254, upstreamAddress) + ingress(HOST);
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
    buildImage(IMAGE);
    // Its admin server answers plain HTTP: upstream enough for another gateway.
    upstream = await gateway('').start();
    container = await gateway(manifests(upstream.getIpAddress('bridge'))).start();
  });

  after(async () => {
    await container?.stop();
    await upstream?.stop();
    docker('rmi', '--force', IMAGE);
  });

  test('serves a route and its probes', async () => {
    const ready = await call({ port: container.getMappedPort(10254), path: '/readyz' });
    assert.equal(ready.status, 200);
    const served = await call({
      port: container.getMappedPort(8080),
      host: HOST,
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

  test('leaves a core to the requests while V8 collects garbage', () => {
    const pid = docker('inspect', '--format', '{{.State.Pid}}', container.getId());
    const threads = readdirSync(`/proc/${pid}/task`).map((id) =>
      readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim(),
    );
    const helpers = threads.filter((name) => name === 'node-V8Worker');
    assert.equal(helpers.length, Math.max(1, availableParallelism() - 1), threads.join(' '));
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

  test('is small and starts fast', async (t) => {
    const megabytes = Number(docker('inspect', '--format', '{{.Size}}', IMAGE)) / 1e6;
    const startedAt = performance.now();
    const started = await gateway('').start();
    const startMs = performance.now() - startedAt;
    await started.stop();
    t.diagnostic(`image ${megabytes.toFixed(0)} MB, ready ${startMs.toFixed(0)} ms after docker run`);
    assert.ok(megabytes < MAX_IMAGE_MB, `${megabytes} MB`);
    assert.ok(startMs < MAX_START_MS, `${startMs} ms`);
  });
});
