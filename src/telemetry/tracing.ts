/** Traces as the rest of the program sees them; the library behind is loaded only when they are wanted. */

import { hostname } from 'node:os';

import type { FinishedExchange } from './spans.ts';
import type { Logger, RequestRecord } from './ports.ts';

export interface Tracing {
  requestFinished(record: RequestRecord): void;
  exchangeFinished(exchange: FinishedExchange): void;
  /** Sends what is pending, within a few seconds. */
  close(): Promise<void>;
}

export async function openTracing(version: string, logger: Logger): Promise<Tracing> {
  const [{ createSpanWriter }, { recordExchange, recordRequest }] = await Promise.all([
    import('./span-writer.ts'),
    import('./spans.ts'),
  ]);
  const writer = createSpanWriter({ version, instance: hostname(), logger });
  return {
    requestFinished: (record) => recordRequest(writer, record, Date.now()),
    exchangeFinished: (exchange) => recordExchange(writer, exchange, Date.now()),
    close: () => writer.close(),
  };
}
