/** The objects of a cluster, kept in step by one watch a kind and namespace and one for each object that is read by name. */

import { readAhead } from '../compile/read-ahead.ts';
import { decodeAs } from '../decode/decode-object.ts';
import { KINDS } from '../decode/kinds.ts';
import type { ObjectSource, OnChange, SourceFault } from '../decode/source.ts';
import { createObjectStore } from '../decode/store.ts';
import type { Clock } from '../model/clock.ts';
import { formatFault } from '../model/faults.ts';
import { POLICY_KIND } from '../model/names.ts';
import type { ObjectKey } from '../model/objects.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import type { ClusterAccess } from './cluster.ts';
import type { FindMeta } from './event-note.ts';
import { createKubeHttp } from './http.ts';
import type { Selection } from './list.ts';
import { createLiveObjects, type FindLive } from './live-object.ts';
import { namedByFlags, namedByPolicy, type NamedObject } from './named-objects.ts';
import { createNamedByIngresses } from './named-by-ingresses.ts';
import { createNamedWatches, selectionOf, type NamedWatch } from './named-watches.ts';
import { Reflector, type Change } from './reflector.ts';
import { WHOLE_CLUSTER, isOptional, selectionsOf, type Scope } from './scope.ts';

export interface KubeSourceOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: WatchTelemetry;
  readonly onChange: OnChange;
  /** Default: the whole cluster. */
  readonly scope?: Scope;
}

export interface KubeSource extends ObjectSource {
  /** The status of an object as last seen, for the writer of statuses. */
  readonly findLive: FindLive;
  /** What identifies an object, for the writer of Events. */
  readonly findMeta: FindMeta;
}

export function openKubeSource(options: KubeSourceOptions): KubeSource {
  const { scope = WHOLE_CLUSTER } = options;
  const http = createKubeHttp(options.access);
  const store = createObjectStore();
  const live = createLiveObjects();
  /** Which watch told of an object last: another one that sees it go says nothing about it. */
  const origins = new Map<string, Selection>();
  const unreadable = new Map<string, SourceFault>();
  const reflectors = new Map<Selection, Reflector>();
  const closings = new Set<Promise<void>>();
  const named = createNamedWatches(watchNamed);
  const byIngresses = createNamedByIngresses({ store, scope, named });

  function watch(selection: Selection, isOptional: boolean): Reflector {
    const { clock, logger, telemetry } = options;
    const onChange = (change: Change): void => apply(selection, change);
    const reflector = new Reflector({ http, selection, clock, logger, telemetry, onChange, isOptional });
    reflectors.set(selection, reflector);
    return reflector;
  }

  function watchNamed(object: NamedObject): NamedWatch {
    const selection = selectionOf(object, scope);
    const reflector = watch(selection, true);
    return {
      answered: reflector.answered,
      stop: () => {
        reflectors.delete(selection);
        const closing = reflector.close().finally(() => closings.delete(closing));
        closings.add(closing);
        forget(selection, `${object.namespace}/${object.name}`);
      },
    };
  }

  function apply(selection: Selection, change: Change): void {
    if (change.kind === 'deleted') {
      forget(selection, change.key);
      return;
    }
    const { kind } = selection;
    const { key, object } = change;
    if (kind === 'Ingress' || kind === POLICY_KIND) live.set(kind, key, object);
    const decoded = decodeAs(kind, object);
    if (decoded.kind === 'unreadable') {
      forget(selection, key);
      const message = decoded.faults.map(formatFault).join('; ');
      unreadable.set(`${kind} ${key}`, { location: `${KINDS[kind].plural} ${key}`, message });
      return;
    }
    origins.set(`${kind} ${key}`, selection);
    unreadable.delete(`${kind} ${key}`);
    if (decoded.kind === POLICY_KIND) named.follow(`policy ${key}`, namedByPolicy(decoded.decoded, scope));
    if (!store.set(decoded)) return;
    readAhead(decoded);
    byIngresses.changed(kind, key);
    options.onChange();
  }

  function forget(selection: Selection, key: ObjectKey): void {
    const { kind } = selection;
    const id = `${kind} ${key}`;
    unreadable.delete(id);
    if (origins.get(id) !== selection) return;
    origins.delete(id);
    if (kind === 'Ingress' || kind === POLICY_KIND) live.delete(kind, key);
    if (kind === POLICY_KIND) named.follow(`policy ${key}`, []);
    if (!store.delete(kind, key)) return;
    byIngresses.changed(kind, key);
    options.onChange();
  }

  named.follow('flags', namedByFlags(scope));
  const everyKind = selectionsOf(scope).map((selection) => {
    const mayBeRefused = isOptional(selection, scope);
    const { answered, synced } = watch(selection, mayBeRefused);
    return mayBeRefused ? answered : synced;
  });

  return {
    synced: Promise.all(everyKind).then(() => named.answered()),
    snapshot: () => store.snapshot(),
    faults: () => [...watchFaults(reflectors), ...unreadable.values(), ...named.unwatched().map(beyondBound)],
    findLive: live.find,
    findMeta: (kind, key) => store.get(kind, key)?.meta,
    async close() {
      await Promise.all([...reflectors.values()].map((reflector) => reflector.close()));
      await Promise.all(closings);
      http.close();
    },
  };
}

function watchFaults(reflectors: ReadonlyMap<Selection, Reflector>): readonly SourceFault[] {
  return [...reflectors].flatMap(([selection, { fault }]) =>
    fault === undefined ? [] : [{ location: locationOf(selection), message: fault }],
  );
}

function locationOf({ kind, namespace, fieldSelector }: Selection): string {
  const { plural } = KINDS[kind];
  if (namespace === undefined) return plural;
  return fieldSelector === undefined
    ? `${plural} in ${namespace}`
    : `${plural} in ${namespace}, ${fieldSelector}`;
}

function beyondBound({ kind, namespace, name }: NamedObject): SourceFault {
  return {
    location: `${KINDS[kind].plural} ${namespace}/${name}`,
    message: 'not watched: too many Secrets and ConfigMaps are named',
  };
}
