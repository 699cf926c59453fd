/** What `--help` says: of one command everything, of all of them a line each. */

import { environmentName } from '../../src/config/flags.ts';
import { renderFlagHelp, wrapText } from '../../src/config/help.ts';
import type { Command } from './command.ts';

const WIDTH = 100;

const EXIT_CODES =
  'Ends with 0 when all is well, 1 when it is not, 2 when the command line is not understood.';

/** Parts with an empty line between them; lines of 100 columns at most, but for examples. */
export function renderCommandHelp({ usage, summary, notes, examples, flags }: Command): string {
  const [firstFlag] = Object.keys(flags);
  const flagsTitle = (flag: string): string =>
    `Flags, each also as an environment variable (--${flag}: ${environmentName(flag)}), over which it wins:`;
  return [
    `Usage: oidc-ingress ${usage}`,
    ...[summary, ...notes].map(wrapped),
    ...(examples.length === 0 ? [] : [['Examples:', ...examples.map((line) => `  ${line}`)].join('\n')]),
    ...(firstFlag === undefined ? [] : [wrapped(flagsTitle(firstFlag)), renderFlagHelp(flags)]),
    EXIT_CODES,
  ].join('\n\n');
}

export function renderOverview(commands: readonly Command[]): string {
  return [
    'oidc-ingress: Kubernetes ingress controller for client credentials',
    commands.map(({ usage, summary }) => `  oidc-ingress ${usage}\n${indented(summary)}`).join('\n'),
    'Flags of a command: oidc-ingress COMMAND --help',
  ].join('\n\n');
}

function wrapped(text: string): string {
  return wrapText(text, WIDTH).join('\n');
}

function indented(text: string): string {
  return wrapText(text, WIDTH - 6)
    .map((line) => `      ${line}`)
    .join('\n');
}
