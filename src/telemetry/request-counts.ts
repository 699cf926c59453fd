/** The counts of finished requests, kept so that one more of a known kind costs a few look-ups and no allocation. */

import { Distribution } from './distribution.ts';
import { METHODS } from './methods.ts';
import type { RequestRecord } from './ports.ts';
import type { Sample, SeriesNames } from './samples.ts';

const LABELS: readonly string[] = [...METHODS, 'other'];
const METHOD_INDEX: ReadonlyMap<string, number> = new Map(LABELS.map((method, index) => [method, index]));
const OTHER_METHOD = LABELS.length - 1;
/** Above every status. */
const STATUS_RANGE = 1_000;

interface Count {
  value: number;
}

interface RouteCounts {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  /** By method and status in one number. */
  readonly answers: Map<number, Count>;
  /** The one of `answers` that was counted last, and its key. */
  last: Count;
  lastKey: number;
  readonly duration: Distribution;
  readonly upstream: Distribution;
}

export class RequestCounts {
  /** By what requests to them have in common. */
  #known = new WeakMap<object, RouteCounts>();
  /** By namespace, Ingress and `namespace/name` of the Service. */
  readonly #routes = new Map<string, Map<string, Map<string, RouteCounts>>>();
  /** By `namespace/name` of the Ingress. */
  readonly #durations = new Map<string, Distribution>();
  /** By `namespace/name` of the Service. */
  readonly #upstreams = new Map<string, Distribution>();
  /** By policy, outcome and reason. */
  readonly #decisions = new Map<string, Map<string, Map<string, Count>>>();
  readonly #sources = new Map<string, Count>();

  add(record: RequestRecord): void {
    const route = this.#routeOf(record);
    // A method that a caller made up must not make a time series.
    const method = METHOD_INDEX.get(record.method) ?? OTHER_METHOD;
    const key = method * STATUS_RANGE + record.status;
    if (route.lastKey !== key) {
      route.lastKey = key;
      route.last = countOf(route.answers, key);
    }
    route.last.value += 1;
    route.duration.observe(record.durationMs);
    if (record.upstreamDurationMs !== undefined) route.upstream.observe(record.upstreamDurationMs);
    if (record.policy !== '') {
      const reasons = nested(nested(this.#decisions, record.policy), record.authOutcome);
      countOf(reasons, record.reason ?? '').value += 1;
    }
    if (record.credentialSource !== undefined) countOf(this.#sources, record.credentialSource).value += 1;
  }

  samples() {
    const routes = this.#allRoutes();
    return {
      requests: routes.flatMap(({ namespace, ingress, service, answers }) =>
        [...answers].map(([key, { value }]) => {
          const method = LABELS[Math.floor(key / STATUS_RANGE)] ?? '';
          const labels = [namespace, ingress, nameOf(service), method, String(key % STATUS_RANGE)];
          return { labels, values: [value] };
        }),
      ),
      requestDuration: distributions(this.#durations),
      upstreamDuration: distributions(this.#upstreams),
      decisions: [...this.#decisions].flatMap(([policy, outcomes]) =>
        [...outcomes].flatMap(([outcome, reasons]) =>
          [...reasons].map(([reason, { value }]) => ({ labels: [policy, outcome, reason], values: [value] })),
        ),
      ),
      credentialSource: [...this.#sources].map(([source, { value }]) => ({
        labels: [source],
        values: [value],
      })),
    };
  }

  forget({ ingresses, services, policies }: SeriesNames): void {
    for (const ingress of ingresses) this.#durations.delete(ingress);
    for (const service of services) this.#upstreams.delete(service);
    for (const policy of policies) this.#decisions.delete(policy);
    const goneIngresses = new Set(ingresses);
    const goneServices = new Set(services);
    for (const { namespace, ingress, service } of this.#allRoutes()) {
      const isGone = goneIngresses.has(`${namespace}/${ingress}`) || goneServices.has(service);
      if (isGone) this.#routes.get(namespace)?.get(ingress)?.delete(service);
    }
    for (const ofNamespace of this.#routes.values()) dropEmpty(ofNamespace);
    dropEmpty(this.#routes);
    this.#known = new WeakMap();
  }

  #routeOf({ likeness, namespace, ingress, service }: RequestRecord): RouteCounts {
    const known = this.#known.get(likeness);
    if (known?.service === service && known.ingress === ingress && known.namespace === namespace)
      return known;
    const route = this.#route(namespace, ingress, service);
    this.#known.set(likeness, route);
    return route;
  }

  #route(namespace: string, ingress: string, service: string): RouteCounts {
    const ofIngress = nested(nested(this.#routes, namespace), ingress);
    const known = ofIngress.get(service);
    if (known !== undefined) return known;
    const route: RouteCounts = {
      namespace,
      ingress,
      service,
      answers: new Map(),
      last: { value: 0 },
      lastKey: -1,
      duration: distributionOf(this.#durations, `${namespace}/${ingress}`),
      upstream: distributionOf(this.#upstreams, service),
    };
    ofIngress.set(service, route);
    return route;
  }

  #allRoutes(): readonly RouteCounts[] {
    const ingresses = [...this.#routes.values()].flatMap((ofNamespace) => Array.from(ofNamespace.values()));
    return ingresses.flatMap((ofIngress) => Array.from(ofIngress.values()));
  }
}

function countOf<K>(counts: Map<K, Count>, key: K): Count {
  const known = counts.get(key);
  if (known !== undefined) return known;
  const made = { value: 0 };
  counts.set(key, made);
  return made;
}

function nested<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, V>();
  map.set(key, made);
  return made;
}

function dropEmpty(map: Map<string, ReadonlyMap<string, unknown>>): void {
  for (const [key, { size }] of map) if (size === 0) map.delete(key);
}

function distributionOf(map: Map<string, Distribution>, key: string): Distribution {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new Distribution();
  map.set(key, made);
  return made;
}

/** Keys are `namespace/name`; those that were never observed have nothing to say. */
function distributions(map: ReadonlyMap<string, Distribution>): readonly Sample[] {
  return [...map].flatMap(([key, distribution]) =>
    distribution.isEmpty
      ? []
      : [{ labels: [key.slice(0, key.indexOf('/')), nameOf(key)], values: distribution.values() }],
  );
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
