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
    '## In other forms',
    [
      '- A request that ends before it has been read is `BadRequest` with a status that says more: 408 (its head did not come within `--header-timeout`), 431 (its head is longer than `--max-header-bytes`).',
      '- `HEAD` gets the status and the headers without the body.',
      '- gRPC gets `grpc-status` and `grpc-message` instead: 16 for 401, 7 for 403, 12 for 404, 8 for 413 and 429, 14 for 502, 503 and 504, else 13.',
      '- Status 499 in log and metrics: the caller was gone before it had its answer. Nobody got it, and nobody else is at fault.',
    ].join('\n'),
  );
}
