/** The flags of `serve`: what they decode to, and what is said of bad ones. */

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';

import { SERVE_FLAGS, decodeServeConfig, type ServeConfig } from '../../../src/config/serve.ts';
import { renderFlagHelp, renderFlagReference } from '../../../src/config/help.ts';
import { formatFault } from '../../../src/model/faults.ts';

function valid(argv: readonly string[], environment: Record<string, string> = {}): ServeConfig {
  const decoded = decodeServeConfig(argv, environment);
  assert.equal(decoded.kind, 'valid', JSON.stringify(decoded));
  return decoded.kind === 'valid' ? decoded.config : assert.fail();
}

function faults(argv: readonly string[], environment: Record<string, string> = {}): readonly string[] {
  const decoded = decodeServeConfig(argv, environment);
  return decoded.kind === 'invalid' ? decoded.faults.map(formatFault) : [];
}

test('defaults listen on 8080, 8443 and 10254 of every address, with one thread for each core', () => {
  const config = valid([]);
  assert.deepEqual(config['http-address'], { host: undefined, port: 8080 });
  assert.deepEqual(config['https-address'], { host: undefined, port: 8443 });
  assert.deepEqual(config['admin-address'], { host: undefined, port: 10254 });
  assert.equal(config.workers, availableParallelism());
  assert.equal(config['allow-insecure-issuers'], false);
  assert.equal(config['drain-delay'], 10_000);
  assert.equal(config['drain-timeout'], 300_000);
  assert.ok(Object.isFrozen(config));
});

const ADDRESSES = [
  { text: ':0', want: { host: undefined, port: 0 } },
  { text: '127.0.0.1:80', want: { host: '127.0.0.1', port: 80 } },
  { text: '[::1]:443', want: { host: '::1', port: 443 } },
  { text: 'localhost:8080', want: { host: 'localhost', port: 8080 } },
];
for (const { text, want } of ADDRESSES) {
  test(`--http-address ${text} is an address`, () => {
    assert.deepEqual(valid([`--http-address=${text}`])['http-address'], want);
  });
}

test('an address may be off', () => {
  assert.equal(valid(['--https-address', 'off'])['https-address'], undefined);
});

test('a flag wins over its environment variable, and that over the default', () => {
  const environment = { OIDC_INGRESS_WORKERS: '3', OIDC_INGRESS_LOG_LEVEL: 'warn' };
  const config = valid(['--workers', '2'], environment);
  assert.equal(config.workers, 2);
  assert.equal(config['log-level'], 'warn');
});

test('a switch stands alone, takes =true and =false, and reads its environment variable', () => {
  assert.equal(valid(['--allow-insecure-issuers'])['allow-insecure-issuers'], true);
  assert.equal(valid(['--allow-insecure-issuers=false'])['allow-insecure-issuers'], false);
  assert.equal(valid([], { OIDC_INGRESS_ALLOW_INSECURE_ISSUERS: 'true' })['allow-insecure-issuers'], true);
});

test('trusted proxies are addresses and CIDR blocks of both families', () => {
  const blocks = valid(['--trusted-proxies', '10.0.0.0/8, 192.0.2.1,fd00::/8'])['trusted-proxies'];
  assert.ok(blocks.check('10.9.8.7'));
  assert.ok(blocks.check('192.0.2.1'));
  assert.ok(!blocks.check('192.0.2.2'));
  assert.ok(blocks.check('fd12::1', 'ipv6'));
});

test('reports every fault at once', () => {
  const found = faults(
    ['--workers=0', '--trusted-proxies=10.0.0.0/40', '--no-such', '--drain-delay', 'soon', 'extra'],
    {
      OIDC_INGRESS_LOG_LEVEL: 'loud',
    },
  );
  assert.deepEqual(found, [
    '--no-such: unknown flag',
    '--workers: must be a whole number from 1 to 256, found "0"',
    '--trusted-proxies: must be addresses or CIDR blocks separated by commas; "10.0.0.0/40" is neither, found "10.0.0.0/40"',
    '--drain-delay: must be a duration such as 500ms, 10s or 5m, at most 3600s, found "soon"',
    'OIDC_INGRESS_LOG_LEVEL: must be debug, info, warn or error, found "loud"',
  ]);
});

const BAD = [
  {
    argv: ['--http-address', '8080'],
    want: '--http-address: must be :PORT, ADDRESS:PORT, [IPV6]:PORT or off, found "8080"',
  },
  {
    argv: ['--http-address', ':99999'],
    want: '--http-address: must be :PORT, ADDRESS:PORT, [IPV6]:PORT or off, found ":99999"',
  },
  { argv: ['--wrokers=2'], want: '--wrokers: unknown flag; the nearest is --workers' },
  { argv: ['--workers'], want: '--workers: expected a value: COUNT' },
  { argv: ['--workers=1', '--workers=2'], want: '--workers: given twice' },
  {
    argv: ['--allow-insecure-issuers=yes'],
    want: '--allow-insecure-issuers: must be true or false, found "yes"',
  },
  { argv: ['extra'], want: 'extra: serve takes no arguments, only flags' },
  {
    argv: ['--manifests=a', '--kubeconfig=b'],
    want: '--manifests: cannot be combined with --kubeconfig: objects come from one source',
  },
  {
    argv: ['--manifests=a', '--admin-token-audience=oidc-ingress'],
    want: '--admin-token-audience: cannot be combined with --manifests: the API server of a cluster judges such tokens',
  },
  {
    argv: ['--admin-token-audience', 'our gateway'],
    want: '--admin-token-audience: must be 1 to 253 printable characters without spaces, found "our gateway"',
  },
  {
    argv: ['--http-address=off', '--https-address=off'],
    want: '--http-address: must not be off while --https-address is off too',
  },
  {
    argv: ['--publish-address', 'gw.example.com,not ok'],
    want: '--publish-address: must be IP addresses or host names separated by commas; "not ok" is neither, found "gw.example.com,not ok"',
  },
];
for (const { argv, want } of BAD) {
  test(`refuses ${argv.join(' ')}`, () => {
    assert.deepEqual(faults(argv), [want]);
  });
}

test('help and reference name every flag', () => {
  const help = renderFlagHelp(SERVE_FLAGS);
  const reference = renderFlagReference(SERVE_FLAGS);
  for (const name of Object.keys(SERVE_FLAGS)) {
    assert.match(help, new RegExp(`--${name}\\b`));
    assert.match(reference, new RegExp(`\`--${name}\\b`));
  }
});

test('the rights to read Secrets and the namespaces that are watched go together', () => {
  assert.deepEqual(valid(['--watch-namespaces=shop, billing,shop'])['watch-namespaces'], ['shop', 'billing']);
  assert.equal(valid(['--secret-mode=named'])['secret-mode'], 'named');
  assert.deepEqual(faults(['--secret-mode=namespaced']), [
    '--watch-namespaces: must name namespaces with --secret-mode=namespaced',
  ]);
  assert.deepEqual(faults(['--ingress-class=Internal']), [
    '--ingress-class: must be the name of a Kubernetes object: a-z, 0-9, - and ., found "Internal"',
  ]);
  assert.deepEqual(faults(['--secret-mode=some', '--watch-namespaces=Shop', '--leader-election-id=a/b']), [
    '--secret-mode: must be cluster, namespaced or named, found "some"',
    '--watch-namespaces: must be namespaces separated by commas; "Shop" is none, found "Shop"',
    '--leader-election-id: must be the name of a Kubernetes object: a-z, 0-9, - and ., found "a/b"',
  ]);
});

test('bounds are numbers, or off', () => {
  const given = valid(['--max-connections=off', '--max-upstream-requests=64']);
  assert.equal(given['max-connections'], Infinity);
  assert.equal(given['max-upstream-requests'], 64);
  assert.equal(given['max-connections-per-address'], Infinity);
  assert.deepEqual(faults(['--max-connections=0', '--max-upstream-requests=1e3']), [
    '--max-connections: must be a whole number from 1 to 1000000, or off, found "0"',
    '--max-upstream-requests: must be a whole number from 1 to 1000000, or off, found "1e3"',
  ]);
});

test('the PROXY protocol is for trusted proxies only', () => {
  assert.deepEqual(faults(['--proxy-protocol=on']), [
    '--trusted-proxies: must name the proxies that send it with --proxy-protocol=on',
  ]);
  assert.equal(valid(['--proxy-protocol=on', '--trusted-proxies=10.0.0.0/8'])['proxy-protocol'], 'on');
});
