/** The objects of a cluster, kept in step by one watch a kind and one for each object that a policy names. */

import { decodeAs } from '../decode/decode-object.ts';
import { KINDS } from '../decode/kinds.ts';
import { TLS_SECRET_TYPE } from '../decode/secret.ts';
import type { ObjectSource, OnChange, SourceFault } from '../decode/source.ts';
import { createObjectStore } from '../decode/store.ts';
import { formatFault } from '../model/faults.ts';
import { POLICY_KIND } from '../model/names.ts';
import type { ObjectKey } from '../model/objects.ts';
import type { Logger, WatchTelemetry } from '../telemetry/ports.ts';
import type { Clock } from './clock.ts';
import type { ClusterAccess } from './cluster.ts';
import type { FindMeta } from './event-note.ts';
import { createKubeHttp } from './http.ts';
import type { Selection } from './list.ts';
import { createLiveObjects, type FindLive } from './live-object.ts';
import { createNamedWatches, selectionOf, type NamedObject, type NamedWatch } from './named-watches.ts';
import { Reflector, type Change } from './reflector.ts';

/** Read whole, in all namespaces. Releases of Helm and every other Secret that is no certificate are left alone. */
const SELECTIONS: readonly Selection[] = [
  { kind: 'Ingress' },
  { kind: 'IngressClass' },
  { kind: 'Service' },
  { kind: 'EndpointSlice' },
  { kind: POLICY_KIND },
  { kind: 'Namespace' },
  { kind: 'Secret', fieldSelector: `type=${TLS_SECRET_TYPE}` },
];

export interface KubeSourceOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: WatchTelemetry;
  readonly onChange: OnChange;
}

export interface KubeSource extends ObjectSource {
  /** The status of an object as last seen, for the writer of statuses. */
  readonly findLive: FindLive;
  /** What identifies an object, for the writer of Events. */
  readonly findMeta: FindMeta;
}

export function openKubeSource(options: KubeSourceOptions): KubeSource {
  const http = createKubeHttp(options.access);
  const store = createObjectStore();
  const live = createLiveObjects();
  /** Which watch told of an object last: another one that sees it go says nothing about it. */
  const origins = new Map<string, Selection>();
  const unreadable = new Map<string, SourceFault>();
  const reflectors = new Map<Selection, Reflector>();
  const closings = new Set<Promise<void>>();
  const named = createNamedWatches(watchNamed);

  function watch(selection: Selection): Reflector {
    const { clock, logger, telemetry } = options;
    const onChange = (change: Change): void => apply(selection, change);
    const reflector = new Reflector({ http, selection, clock, logger, telemetry, onChange });
    reflectors.set(selection, reflector);
    return reflector;
  }

  function watchNamed(object: NamedObject): NamedWatch {
    const selection = selectionOf(object);
    const reflector = watch(selection);
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
    if (decoded.kind === POLICY_KIND) named.follow(key, decoded.decoded);
    if (store.set(decoded)) options.onChange();
  }

  function forget(selection: Selection, key: ObjectKey): void {
    const { kind } = selection;
    const id = `${kind} ${key}`;
    unreadable.delete(id);
    if (origins.get(id) !== selection) return;
    origins.delete(id);
    if (kind === 'Ingress' || kind === POLICY_KIND) live.delete(kind, key);
    if (kind === POLICY_KIND) named.follow(key, undefined);
    if (store.delete(kind, key)) options.onChange();
  }

  const everyKind = SELECTIONS.map((selection) => watch(selection).synced);

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
  return namespace === undefined ? plural : `${plural} in ${namespace}, ${fieldSelector ?? 'all'}`;
}

function beyondBound({ kind, namespace, name }: NamedObject): SourceFault {
  return {
    location: `${KINDS[kind].plural} ${namespace}/${name}`,
    message: 'not watched: policies name too many certificate bundles',
  };
}
