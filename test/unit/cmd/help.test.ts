/** Every command explains itself: what it takes, every flag, the environment, examples that work, exit codes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { check } from '../../../cmd/oidc-ingress/check.ts';
import type { Command } from '../../../cmd/oidc-ingress/command.ts';
import { dev } from '../../../cmd/oidc-ingress/dev.ts';
import { explain } from '../../../cmd/oidc-ingress/explain.ts';
import { renderCommandHelp, renderOverview } from '../../../cmd/oidc-ingress/help.ts';
import { serve } from '../../../cmd/oidc-ingress/serve.ts';
import { validate } from '../../../cmd/oidc-ingress/validate.ts';
import { version } from '../../../cmd/oidc-ingress/version.ts';
import { decodeFlags, environmentName } from '../../../src/config/flags.ts';

const COMMANDS: Readonly<Record<string, Command>> = { serve, validate, explain, check, dev, version };

for (const [name, command] of Object.entries(COMMANDS)) {
  const { usage, examples, flags } = command;
  const help = renderCommandHelp(command);

  test(`the help of ${name} says how it is used, and when it ends with which code`, () => {
    assert.match(help, new RegExp(`^Usage: oidc-ingress ${name}\\b`));
    assert.match(help, /\nEnds with 0 when .*, 1 when .*, 2 when .*\.$/);
    for (const [placeholder] of usage.matchAll(/\b[A-Z][A-Z-]+(?=[ …]|$)/g)) {
      assert.ok(help.split(placeholder).length > 2, `${placeholder} is not explained`);
    }
  });

  test(`the help of ${name} has every flag, and says that each is a variable too`, () => {
    const [first] = Object.keys(flags);
    for (const [flag, { placeholder }] of Object.entries(flags)) {
      const form = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
      assert.ok(help.includes(`\n  ${form}\n`), flag);
    }
    if (first !== undefined) assert.ok(help.includes(`--${first}: ${environmentName(first)}`));
  });

  test(`the help of ${name} has examples that are understood`, () => {
    assert.equal(examples.length === 0, Object.keys(flags).length === 0);
    for (const example of examples) {
      const [program, named, ...argv] = example.split(' ');
      assert.deepEqual([program, named], ['oidc-ingress', name]);
      const decoded = decodeFlags(flags, argv, {});
      assert.deepEqual(decoded.kind === 'invalid' ? decoded.faults : [], []);
    }
  });

  test(`the help of ${name} fits a screen of 100 columns`, () => {
    const long = help.split('\n').filter((line) => line.length > 100 && !line.startsWith('  oidc-ingress '));
    assert.deepEqual(long, []);
  });
}

test('the overview has every command', () => {
  const overview = renderOverview(Object.values(COMMANDS));
  for (const { usage } of Object.values(COMMANDS)) assert.ok(overview.includes(`  oidc-ingress ${usage}\n`));
});
