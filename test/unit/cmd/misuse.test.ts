/** Command lines that are not understood end with 2 and say why. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { check } from '../../../cmd/oidc-ingress/check.ts';
import type { Command } from '../../../cmd/oidc-ingress/command.ts';
import { dev } from '../../../cmd/oidc-ingress/dev.ts';
import { explain } from '../../../cmd/oidc-ingress/explain.ts';
import { validate } from '../../../cmd/oidc-ingress/validate.ts';
import { version } from '../../../cmd/oidc-ingress/version.ts';

const COMMANDS: Readonly<Record<string, Command>> = { validate, explain, check, dev, version };

const MISUSES = [
  { argv: ['validate'], want: 'FILES: expected at least one file or directory' },
  {
    argv: ['validate', 'x', '--output=xml', '--nope'],
    want: '--output: must be text or json, found "xml"',
  },
  { argv: ['validate', 'x', '--nope'], want: '--nope: unknown flag' },
  { argv: ['explain', '--manifests=x'], want: 'URL: expected exactly one' },
  {
    argv: ['explain', 'orders.example.com/v1', '--manifests=x'],
    want: 'URL: must be an http or https URL such as https://shop.example.com/v1/orders, found "orders.example.com/v1"',
  },
  {
    argv: ['explain', 'https://id:pw@orders.example.com/', '--manifests=x'],
    want: 'URL: must hold no user name and no password',
  },
  {
    argv: ['explain', 'https://orders.example.com/'],
    want: '--manifests: exactly one of --manifests and --kubeconfig must be set',
  },
  { argv: ['explain', 'https://a.example.com/', '--manifests=x', '--method=get'], want: '--method: must be' },
  { argv: ['check'], want: 'POLICY-FILE: expected exactly one' },
  { argv: ['check', 'a.yaml', 'b.yaml'], want: 'POLICY-FILE: expected exactly one' },
  { argv: ['dev', '--port=1'], want: '--port: unknown flag' },
  { argv: ['dev', '--emulator-address=off'], want: '--emulator-address: must not be off' },
  { argv: ['version', 'extra'], want: 'extra: version takes no arguments' },
  { argv: ['version', '--output=json'], want: '--output: unknown flag' },
  { argv: ['dev', 'extra'], want: 'extra: dev takes no arguments, only flags' },
];
for (const { argv, want } of MISUSES) {
  test(`${argv.join(' ')} is not understood`, async (t) => {
    const [name = '', ...rest] = argv;
    const errors = t.mock.method(console, 'error', () => {});
    const output = t.mock.method(console, 'log', () => {});
    assert.equal(await COMMANDS[name]?.run(rest), 2);
    const text = errors.mock.calls.map((call) => call.arguments.join(' ')).join('\n');
    assert.ok(text.includes(`oidc-ingress ${name}: ${want}`), text);
    assert.ok(text.includes(`oidc-ingress ${name} --help`), text);
    assert.equal(output.mock.callCount(), 0);
  });
}
