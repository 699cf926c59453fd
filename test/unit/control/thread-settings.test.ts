/** That each flag about the data plane reaches the proxy threads, and as what. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeServeConfig } from '../../../src/config/serve.ts';
import { threadSettings } from '../../../src/data-plane.ts';

function settingsFor(...flags: readonly string[]) {
  const decoded = decodeServeConfig(flags, {});
  assert.ok(decoded.kind === 'valid');
  return threadSettings({ config: decoded.config, sampling: undefined });
}

test('times and sizes are those of the checklist where no flag says otherwise', () => {
  assert.deepEqual(settingsFor().limits, {
    headerBytes: 16 * 1024,
    headersTimeoutMs: 15_000,
    keepAliveTimeoutMs: 75_000,
    idleTimeoutMs: 60_000,
    connectTimeoutMs: 5_000,
    firstByteTimeoutMs: 60_000,
    connections: 20_000,
    connectionsPerAddress: Infinity,
    upstreamRequests: Infinity,
  });
});

test('each time and size has a flag of its own', () => {
  const { limits } = settingsFor(
    '--max-header-bytes=9216',
    '--header-timeout=1s',
    '--keep-alive-timeout=2s',
    '--idle-timeout=3s',
    '--upstream-connect-timeout=4s',
    '--upstream-first-byte-timeout=5s',
    '--max-connections=6',
    '--max-connections-per-address=7',
    '--max-upstream-requests=8',
  );
  assert.deepEqual(limits, {
    headerBytes: 9 * 1024,
    headersTimeoutMs: 1_000,
    keepAliveTimeoutMs: 2_000,
    idleTimeoutMs: 3_000,
    connectTimeoutMs: 4_000,
    firstByteTimeoutMs: 5_000,
    connections: 6,
    connectionsPerAddress: 7,
    upstreamRequests: 8,
  });
});

const EDGE: readonly { readonly flag: string; readonly want: object }[] = [
  { flag: '--workers=1', want: { proxyProtocol: false, forwarded: false, via: false } },
  { flag: '--proxy-protocol=on', want: { proxyProtocol: true, forwarded: false, via: false } },
  { flag: '--forwarded=true', want: { proxyProtocol: false, forwarded: true, via: false } },
  { flag: '--via=true', want: { proxyProtocol: false, forwarded: false, via: true } },
];
for (const { flag, want } of EDGE) {
  test(`${flag} is passed on`, () => {
    assert.deepEqual(settingsFor(flag, '--trusted-proxies=10.0.0.0/8').edge, want);
  });
}
