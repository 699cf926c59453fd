/** The pods of this gateway: which of them are ready, and under which addresses of nodes callers reach them. */

import { z } from 'zod';

import type { Clock } from '../model/clock.ts';
import type { Logger } from '../telemetry/ports.ts';
import { ApiFailure, causeOf, messageOf } from './api-failure.ts';
import type { ClusterAccess } from './cluster.ts';
import { createKubeHttp, type KubeHttp } from './http.ts';
import type { PublishedAddresses } from './published-addresses.ts';

const CALL_TIMEOUT_MS = 10_000;
/** Statuses are judged after each change of an object; pods and nodes are not asked for as often. */
const FRESH_MS = 10_000;
/** Labels that tell the pods of one gateway apart. */
const LABELS_OF_ONE: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'pod-template-generation',
  'controller-revision-hash',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
]);

export interface OwnPodsOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the pod of this process. */
  readonly namespace: string;
  readonly name: string;
}

export interface OwnPods extends PublishedAddresses {
  /** Whether a pod other than this one is ready; `undefined`: not known. Never rejects. */
  isAnotherReady(): Promise<boolean | undefined>;
}

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    labels: z.record(z.string(), z.string()).nullish(),
    deletionTimestamp: z.string().nullish(),
  }),
  spec: z.object({ nodeName: z.string().nullish() }).nullish(),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() })
    .nullish(),
});
const podListSchema = z.object({ items: z.array(podSchema) });
const nodeSchema = z.object({
  status: z
    .object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })).nullish() })
    .nullish(),
});

type Pod = z.output<typeof podSchema>;

export function createOwnPods(options: OwnPodsOptions): OwnPods {
  const { access, clock, logger, namespace, name } = options;
  const http = createKubeHttp(access);
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  let fault: string | undefined;
  let known: { readonly addresses: readonly string[] | undefined; readonly atMs: number } | undefined;

  async function ready(): Promise<readonly Pod[]> {
    const own = await get(http, `${pods}/${encodeURIComponent(name)}`, podSchema);
    const labelSelector = Object.entries(own.metadata.labels ?? {})
      .filter(([label]) => !LABELS_OF_ONE.has(label))
      .map(([label, value]) => `${label}=${value}`)
      .join(',');
    // Without labels to tell them by, every pod of the namespace would count.
    if (labelSelector === '') return isReady(own) ? [own] : [];
    const { items } = await get(http, pods, podListSchema, { labelSelector });
    return items.filter(isReady);
  }

  async function addresses(): Promise<readonly string[]> {
    const nodes = new Set((await ready()).flatMap(({ spec }) => spec?.nodeName ?? []));
    const found: string[] = [];
    for (const node of nodes) {
      const { status } = await get(http, `/api/v1/nodes/${encodeURIComponent(node)}`, nodeSchema);
      found.push(...addressesOf(status?.addresses ?? []));
    }
    return found;
  }

  async function tryTo<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask();
      fault = undefined;
      return answer;
    } catch (error) {
      const cause = causeOf(error);
      logger[cause === fault ? 'debug' : 'warn'](
        { cause },
        'the pods of this gateway could not be looked at',
      );
      fault = cause;
      return undefined;
    }
  }

  return {
    async read() {
      if (known === undefined || clock.monotonicMs() - known.atMs >= FRESH_MS) {
        known = { addresses: await tryTo(addresses), atMs: clock.monotonicMs() };
      }
      return known.addresses;
    },
    isAnotherReady: () => tryTo(async () => (await ready()).some(({ metadata }) => metadata.name !== name)),
    close() {
      http.close();
      return Promise.resolve();
    },
  };
}

async function get<T>(
  http: KubeHttp,
  path: string,
  schema: z.ZodType<T>,
  query: Readonly<Record<string, string>> = {},
): Promise<T> {
  const { status, body, retryAfterMs } = await http.request({
    method: 'GET',
    path,
    query,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  if (status !== 200) {
    throw new ApiFailure(`cannot get ${path}: ${status}: ${messageOf(body) ?? ''}`, status, retryAfterMs);
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Error(`cannot get ${path}: the answer is not of the form of one`);
  return parsed.data;
}

function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp) return false;
  return (status?.conditions ?? []).some((row) => row.type === 'Ready' && row.status === 'True');
}

/** Those that reach a node from outside, else those inside. */
function addressesOf(
  rows: readonly { readonly type: string; readonly address: string }[],
): readonly string[] {
  const of = (wanted: string): readonly string[] =>
    rows.filter(({ type }) => type === wanted).map(({ address }) => address);
  const external = of('ExternalIP');
  return external.length > 0 ? external : of('InternalIP');
}
