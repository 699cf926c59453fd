/** `docs/reference/flags.md`: the flags of every command that has some. */

import { CHECK_FLAGS, DEV_FLAGS, EXPLAIN_FLAGS, VALIDATE_FLAGS } from '../../src/config/commands.ts';
import type { FlagTable } from '../../src/config/flags.ts';
import { renderFlagReference } from '../../src/config/help.ts';
import { SERVE_FLAGS } from '../../src/config/serve.ts';
import { generatedFrom, page } from './markdown.ts';

const COMMANDS: Readonly<Record<string, FlagTable>> = {
  // The number of cores is a property of the machine that generates, not of the product.
  serve: { ...SERVE_FLAGS, workers: { ...SERVE_FLAGS.workers, defaultText: 'cores' } },
  validate: VALIDATE_FLAGS,
  explain: EXPLAIN_FLAGS,
  check: CHECK_FLAGS,
  dev: DEV_FLAGS,
};

export function renderFlags(): string {
  return page(
    generatedFrom('src/config/'),
    '# Flags',
    'A flag on the command line wins over its environment variable. Unknown flags and bad values are errors; all of them are reported together.',
    ...Object.entries(COMMANDS).flatMap(([name, flags]) => [
      `## oidc-ingress ${name}`,
      renderFlagReference(flags),
    ]),
  );
}
