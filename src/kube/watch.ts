/** WATCH: one connection, from a version to its end. */

import { z } from 'zod';

import { KINDS } from '../decode/kinds.ts';
import type { RawObject } from '../decode/metadata.ts';
import type { Clock } from '../model/clock.ts';
import { ApiFailure, answerFailure, messageOf } from './api-failure.ts';
import type { KubeHttp } from './http.ts';
import { parseJsonLines } from './json-lines.ts';
import { selectionQuery, type Selection } from './list.ts';
import { collectionPath } from './paths.ts';

const CONNECT_TIMEOUT_MS = 30_000;
/** Bookmarks come about every minute; a connection silent for longer than two is dead. */
const SILENCE_MS = 150_000;
/** A server that ends watches faster than this is not to be asked again at once. */
const SHORT_MS = 1_000;

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: RawObject;
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly http: KubeHttp;
  readonly selection: Selection;
  readonly fromVersion: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The API server has accepted the watch. */
  readonly onOpen: () => void;
}

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']),
  object: z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string().min(1) }) }),
});

const errorSchema = z.object({
  type: z.literal('ERROR'),
  object: z.looseObject({
    code: z.int().nullish(),
    details: z.object({ retryAfterSeconds: z.number().nullish() }).nullish(),
  }),
});

/**
 * Yields events until the server ends the watch, as it does after 300–600 s.
 * @throws {ApiFailure} for an answer other than 200 and for an ERROR event; errors of the connection; after 150 s of silence
 */
export async function* watchEvents(options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { http, selection, clock } = options;
  const silence = new AbortController();
  let cancel = clock.schedule(SILENCE_MS, () => silence.abort());
  const startMs = clock.nowMs();
  let events = 0;
  try {
    const answer = await http.stream({
      method: 'GET',
      path: collectionPath(selection.kind, selection.namespace),
      query: watchQuery(options),
      timeoutMs: CONNECT_TIMEOUT_MS,
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    if (answer.kind === 'answer') throw answerFailure('watch', selection.kind, answer);
    options.onOpen();
    for await (const line of parseJsonLines(answer.chunks)) {
      cancel();
      cancel = clock.schedule(SILENCE_MS, () => silence.abort());
      events += 1;
      yield parseEvent(line, selection);
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    throw new Error(`watch on ${KINDS[selection.kind].plural}: no event for ${SILENCE_MS / 1000} s`, {
      cause: error,
    });
  } finally {
    cancel();
  }
  if (events === 0 && clock.nowMs() - startMs < SHORT_MS) {
    throw new Error(`watch on ${KINDS[selection.kind].plural}: the API server ended it at once`);
  }
}

function watchQuery({ selection, fromVersion, clock }: WatchOptions): Readonly<Record<string, string>> {
  return {
    ...selectionQuery(selection),
    watch: 'true',
    resourceVersion: fromVersion,
    allowWatchBookmarks: 'true',
    // Spread, so that the watches of many pods do not all end together.
    timeoutSeconds: String(300 + Math.floor(clock.random() * 301)),
  };
}

function parseEvent(line: unknown, { kind }: Selection): WatchEvent {
  const event = eventSchema.safeParse(line);
  if (event.success) {
    const { type, object } = event.data;
    return { type, object, resourceVersion: object.metadata.resourceVersion };
  }
  const error = errorSchema.safeParse(line);
  const { plural } = KINDS[kind];
  if (!error.success) throw new Error(`watch on ${plural}: an event is not of the form of one`);
  const { code, details } = error.data.object;
  const seconds = details?.retryAfterSeconds;
  throw new ApiFailure(
    `watch on ${plural}: ${code ?? 'error'}: ${messageOf(error.data.object) ?? 'no reason given'}`,
    code ?? 0,
    typeof seconds === 'number' ? seconds * 1000 : undefined,
  );
}
