#!/usr/bin/env node
/** The command line: picks the subcommand and sets the exit code. */

import { nearestName } from '../../src/model/nearest-name.ts';
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

const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h']);
/** What people type who know other programs. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['--version', 'version'],
  ['-v', 'version'],
]);

async function main(argv: readonly string[]): Promise<number> {
  const [first = 'help', ...rest] = argv;
  const isHelp = HELP.has(first);
  const name = isHelp ? rest[0] : (ALIASES.get(first) ?? first);
  if (name === undefined) return help();
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) return unknown(name);
  const command = await load();
  if (isHelp || rest.includes('--help') || rest.includes('-h')) {
    console.log(renderCommandHelp(command));
    return 0;
  }
  return command.run(rest);
}

function unknown(name: string): number {
  const names = Object.keys(COMMANDS);
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `there are ${names.join(', ')}` : `the nearest is ${nearest}`;
  console.error(`oidc-ingress: unknown command ${JSON.stringify(name)}; ${hint}`);
  return 2;
}

async function help(): Promise<number> {
  console.log(renderOverview(await Promise.all(Object.values(COMMANDS).map((load) => load()))));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
