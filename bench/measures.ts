/** What is measured beside the workloads, by name. */

import type { Bench } from './bench.ts';
import { measureBreakdown } from './measures/breakdown.ts';
import { measureIdle } from './measures/idle.ts';
import { measureLatency } from './measures/latency.ts';
import { measureRoutes } from './measures/routes.ts';
import { measureThreads } from './measures/threads.ts';
import type { Row } from './row.ts';

export const MEASURES: ReadonlyMap<string, (bench: Bench) => Promise<readonly Row[]>> = new Map([
  ['latency', measureLatency],
  ['idle', measureIdle],
  ['routes', measureRoutes],
  ['threads', measureThreads],
  ['breakdown', measureBreakdown],
]);
