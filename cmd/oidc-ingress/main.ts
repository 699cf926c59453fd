#!/usr/bin/env node
/** The command line: picks the subcommand and sets the exit code. */

import type { Command } from './command.ts';
import { check } from './check.ts';
import { dev } from './dev.ts';
import { explain } from './explain.ts';
import { serve } from './serve.ts';
import { validate } from './validate.ts';
import { version } from './version.ts';

const COMMANDS: Readonly<Record<string, Command>> = { serve, validate, explain, check, dev, version };

async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') return help();
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(
      `oidc-ingress: unknown command ${JSON.stringify(name)}; there are ${Object.keys(COMMANDS).join(', ')}`,
    );
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(
      `Usage: oidc-ingress ${command.usage}\n\n${command.summary}\n\n${command.details()}`.trimEnd(),
    );
    return 0;
  }
  return command.run(rest);
}

function help(): number {
  console.log('oidc-ingress: Kubernetes ingress controller for client credentials\n');
  for (const command of Object.values(COMMANDS)) {
    console.log(`  oidc-ingress ${command.usage}\n      ${command.summary}`);
  }
  console.log('\nFlags of a command: oidc-ingress COMMAND --help');
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
