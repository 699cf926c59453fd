#!/usr/bin/env node
/** The command line: picks the subcommand and sets the exit code. */

import type { Command } from './command.ts';
import { renderCommandHelp, renderOverview } from './help.ts';

/** Each is loaded only when it is asked for: one that reads files need not wait for a server and a client of Kubernetes. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  validate: async () => (await import('./validate.ts')).validate,
  explain: async () => (await import('./explain.ts')).explain,
  check: async () => (await import('./check.ts')).check,
  dev: async () => (await import('./dev.ts')).dev,
  version: async () => (await import('./version.ts')).version,
};

async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') return help();
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    console.error(
      `oidc-ingress: unknown command ${JSON.stringify(name)}; there are ${Object.keys(COMMANDS).join(', ')}`,
    );
    return 2;
  }
  const command = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(renderCommandHelp(command));
    return 0;
  }
  return command.run(rest);
}

async function help(): Promise<number> {
  console.log(renderOverview(await Promise.all(Object.values(COMMANDS).map((load) => load()))));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
