/** LIST, a page at a time. */

import { z } from 'zod';

import { KINDS } from '../decode/kinds.ts';
import type { RawObject } from '../decode/metadata.ts';
import type { ObjectKind } from '../model/objects.ts';
import { answerFailure } from './api-failure.ts';
import type { KubeHttp } from './http.ts';
import { collectionPath } from './paths.ts';

const PAGE_LIMIT = '500';
const PAGE_TIMEOUT_MS = 60_000;

/** What to list and watch. */
export interface Selection {
  readonly kind: ObjectKind;
  /** Such as `type=kubernetes.io/tls`. */
  readonly fieldSelector: string | undefined;
}

export interface Page {
  readonly items: readonly RawObject[];
  /** The same for every page of one list. */
  readonly resourceVersion: string;
}

const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().optional() }),
  items: z.array(z.record(z.string(), z.unknown())).nullish(),
});

/** @throws {ApiFailure} for any answer but 200; 410 where the list changed too much while it was paged */
export async function* listPages(
  http: KubeHttp,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let token: string | undefined = '';
  while (token !== undefined) {
    const answer = await http.request({
      method: 'GET',
      path: collectionPath(selection.kind),
      query: { ...selectionQuery(selection), limit: PAGE_LIMIT, ...(token !== '' && { continue: token }) },
      timeoutMs: PAGE_TIMEOUT_MS,
      signal,
    });
    if (answer.status !== 200) throw answerFailure('list', selection.kind, answer);
    const page = pageSchema.safeParse(answer.body);
    if (!page.success) throw new Error(`cannot list ${KINDS[selection.kind].plural}: the answer is no list`);
    const { metadata, items } = page.data;
    yield { items: items ?? [], resourceVersion: metadata.resourceVersion };
    token = metadata.continue === '' ? undefined : metadata.continue;
  }
}

export function selectionQuery({ fieldSelector }: Selection): Readonly<Record<string, string>> {
  return fieldSelector === undefined ? {} : { fieldSelector };
}
