/** LIST, a page at a time. */

import { z } from 'zod';

import { KINDS } from '../decode/kinds.ts';
import type { RawObject } from '../decode/metadata.ts';
import type { ObjectKind } from '../model/objects.ts';
import { answerFailure } from './api-failure.ts';
import type { KubeHttp } from './http.ts';
import { collectionPath } from './paths.ts';

const PAGE_LIMIT = 500;
const PAGE_TIMEOUT_MS = 60_000;

/** What to list and watch. */
export interface Selection {
  readonly kind: ObjectKind;
  /** `undefined`: all namespaces. */
  readonly namespace?: string | undefined;
  /** Such as `type=kubernetes.io/tls`. */
  readonly fieldSelector?: string | undefined;
}

export interface Page {
  readonly items: readonly RawObject[];
  /** The same for every page of one list. */
  readonly resourceVersion: string;
}

export interface ListOptions {
  readonly http: KubeHttp;
  readonly selection: Selection;
  /** Everything in one answer: for lists so large that they expire between two pages. */
  readonly isWhole: boolean;
  readonly signal: AbortSignal;
}

const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().optional() }),
  items: z.array(z.record(z.string(), z.unknown())).nullish(),
});

/** @throws {ApiFailure} for any answer but 200; 410 where the list expired while it was paged */
export async function* listPages({ http, selection, isWhole, signal }: ListOptions): AsyncGenerator<Page> {
  let token = '';
  do {
    const answer = await http.request({
      method: 'GET',
      path: collectionPath(selection.kind, selection.namespace),
      query: {
        ...selectionQuery(selection),
        ...(!isWhole && { limit: String(PAGE_LIMIT) }),
        ...(token !== '' && { continue: token }),
      },
      timeoutMs: PAGE_TIMEOUT_MS,
      signal,
    });
    if (answer.status !== 200) throw answerFailure('list', selection.kind, answer);
    const page = pageSchema.safeParse(answer.body);
    if (!page.success) throw new Error(`cannot list ${KINDS[selection.kind].plural}: the answer is no list`);
    const { metadata, items } = page.data;
    yield { items: items ?? [], resourceVersion: metadata.resourceVersion };
    token = metadata.continue ?? '';
  } while (token !== '');
}

export function selectionQuery({ fieldSelector }: Selection): Readonly<Record<string, string>> {
  return fieldSelector === undefined ? {} : { fieldSelector };
}
