/** `docs/reference/reasons.md`: what callers can be told. */

import { REASONS } from '../../src/model/reasons.ts';
import { generatedFrom, page, table } from './markdown.ts';

export function renderReasons(): string {
  return page(
    generatedFrom('src/model/reasons.ts'),
    '# Reasons',
    'What a caller gets instead of the answer of the service: `application/problem+json` (RFC 9457) whose `reason` is one of these and whose `type` is the address of its row here. The same words are the `reason` in access log and metrics.',
    table(
      ['reason', 'status', 'title', 'what to do'],
      Object.entries(REASONS).map(([reason, { status, title, remedy }]) => [
        `<a id="${reason}"></a>\`${reason}\``,
        String(status),
        title,
        remedy,
      ]),
    ),
  );
}
