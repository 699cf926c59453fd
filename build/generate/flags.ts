/** `docs/reference/flags.md`: the flags of `oidc-ingress serve`. */

import { renderFlagReference } from '../../src/config/help.ts';
import { SERVE_FLAGS } from '../../src/config/serve.ts';
import { generatedFrom, page } from './markdown.ts';

export function renderFlags(): string {
  return page(
    generatedFrom('src/config/serve.ts'),
    '# Flags',
    'Of `oidc-ingress serve`. A flag on the command line wins over its environment variable. Unknown flags and bad values are errors; all of them are reported together. The other commands print theirs with `--help`.',
    renderFlagReference(SERVE_FLAGS),
  );
}
