/** Puts the routes of all Ingresses together, with everything that they refer to and nothing else. */

import type { Problem } from '../model/problems.ts';
import type { BackendKey, HostRoutes, RoutingTable } from '../model/table.ts';
import { enterFallback, enterRule, type Entry } from './entries.ts';
import { joinFallbacks, joinHost, type Joined, type Used } from './join-routes.ts';
import { keepList, keepMap, memoizeByInputs } from './memoize.ts';
import { sortedRecord, sortedSet, sortedTexts } from './order.ts';
import type { CompileOptions } from './result.ts';
import { replaceEntries } from './section.ts';
import type { IngressOutcome } from './serve-ingress.ts';

export interface CompiledRoutes extends Pick<RoutingTable, 'hosts' | 'defaultRoute' | 'plans' | 'options'> {
  /** Keys of the backends that routes refer to, sorted. */
  readonly backends: readonly BackendKey[];
  readonly problems: readonly Problem[];
}

/** `outcomes`: oldest Ingress first. Remembered for `options`: after most changes most hosts are what they were. */
export function compileRoutes(outcomes: readonly IngressOutcome[], options: CompileOptions): CompiledRoutes {
  return remember(options, [outcomes], (last) => joinRoutes(outcomes, last));
}

const remember = memoizeByInputs<CompileOptions, Join>();

/** A host, or where requests go that no host takes. */
type Place = string | typeof FALLBACK;
const FALLBACK = Symbol('default backend');

interface Join extends CompiledRoutes {
  readonly outcomes: ReadonlySet<IngressOutcome>;
  /** All that something was entered for, served or not. */
  readonly places: ReadonlyMap<Place, Joined>;
}

/** What became of a place. */
interface Rejoined {
  readonly place: Place;
  readonly before: Joined | undefined;
  readonly now: Joined;
}

/**
 * Only those places are joined anew for which an outcome that came or went has something: whatever changes the order of two
 * Ingresses makes their outcomes anew, too.
 */
function joinRoutes(list: readonly IngressOutcome[], last: Join | undefined): Join {
  const outcomes = new Set(list);
  const places = new Map(last?.places);
  const rejoined: Rejoined[] = [];
  for (const [place, entries] of enterAll(list, last && changesOf(last.outcomes, outcomes))) {
    const before = places.get(place);
    const joined = place === FALLBACK ? joinFallbacks(entries) : joinHost(place, entries);
    const now = keepUsed(before, joined);
    if (entries.length > 0) places.set(place, now);
    else places.delete(place);
    rejoined.push({ place, before, now });
  }
  return {
    outcomes,
    places,
    hosts: serveHosts(places, rejoined, last?.hosts),
    defaultRoute: places.get(FALLBACK)?.served?.routes[0],
    problems: [...places.values()].flatMap(({ problems }) => problems),
    ...useAll(places, rejoined, last),
  };
}

/** What is in one of them only. */
function changesOf<T>(before: ReadonlySet<T>, now: ReadonlySet<T>): readonly T[] {
  const changes: T[] = [];
  for (const item of now) if (!before.has(item)) changes.push(item);
  for (const item of before) if (!now.has(item)) changes.push(item);
  return changes;
}

/** Of all Ingresses, what they have for the places of those that changed; `undefined`: for all places. */
function enterAll(
  all: readonly IngressOutcome[],
  changed: readonly IngressOutcome[] | undefined,
): ReadonlyMap<Place, readonly Entry[]> {
  const entered = new Map<Place, Entry[]>();
  for (const { declared } of changed ?? []) {
    for (const rule of declared.rules) if (rule !== undefined) entered.set(rule.host, []);
    if (declared.fallback !== undefined) entered.set(FALLBACK, []);
  }
  /** `undefined`: not asked for. */
  function listOf(place: Place): Entry[] | undefined {
    const known = entered.get(place);
    if (known !== undefined || changed !== undefined) return known;
    const list: Entry[] = [];
    entered.set(place, list);
    return list;
  }
  for (const outcome of all) {
    const { rules, fallback } = outcome.declared;
    for (const rule of rules) {
      if (rule !== undefined) listOf(rule.host)?.push(enterRule(outcome, rule));
    }
    if (fallback !== undefined) listOf(FALLBACK)?.push(enterFallback(outcome, fallback));
  }
  return entered;
}

function keepUsed(before: Joined | undefined, now: Joined): Joined {
  if (before === undefined) return now;
  return {
    ...now,
    backends: keepList(before.backends, now.backends),
    plans: keepMap(before.plans, now.plans),
    options: keepMap(before.options, now.options),
  };
}

type Hosts = RoutingTable['hosts'];

function serveHosts(
  places: ReadonlyMap<Place, Joined>,
  rejoined: readonly Rejoined[],
  last: Hosts | undefined,
): Hosts {
  const set: Record<string, HostRoutes> = {};
  let areSame = last !== undefined;
  for (const { place, before, now } of rejoined) {
    if (place === FALLBACK) continue;
    if (now.served !== undefined) set[place] = now.served;
    if ((before?.served === undefined) !== (now.served === undefined)) areSame = false;
  }
  if (last !== undefined && areSame) return replaceEntries(last, set);
  const served: Record<string, HostRoutes> = {};
  // Those of the last time are in order already: little is left to sort.
  for (const host of sortedTexts(new Set([...Object.keys(last ?? {}), ...Object.keys(set)]))) {
    const routes = places.get(host)?.served;
    if (routes !== undefined) served[host] = routes;
  }
  return served;
}

type UsedByAll = Pick<CompiledRoutes, keyof Used>;

function useAll(
  places: ReadonlyMap<Place, Joined>,
  rejoined: readonly Rejoined[],
  last: UsedByAll | undefined,
): UsedByAll {
  const isSame = (part: keyof Used): boolean =>
    rejoined.every(({ before, now }) => before?.[part] === now[part]);
  return {
    backends: last !== undefined && isSame('backends') ? last.backends : allBackends(places),
    plans: last !== undefined && isSame('plans') ? last.plans : allEntries(places, (used) => used.plans),
    options:
      last !== undefined && isSame('options') ? last.options : allEntries(places, (used) => used.options),
  };
}

function allBackends(places: ReadonlyMap<Place, Joined>): readonly BackendKey[] {
  const keys = new Set<BackendKey>();
  places.forEach(({ backends }) => {
    for (const key of backends) keys.add(key);
  });
  return sortedSet(keys);
}

function allEntries<T>(
  places: ReadonlyMap<Place, Joined>,
  partOf: (used: Used) => ReadonlyMap<string, T>,
): Readonly<Record<string, T>> {
  const entries = new Map<string, T>();
  let last: ReadonlyMap<string, T> | undefined;
  places.forEach((used) => {
    const part = partOf(used);
    if (part.size === 0 || part === last) return;
    part.forEach((entry, key) => entries.set(key, entry));
    last = part;
  });
  return sortedRecord(entries);
}
