/** What is there from one step of a history to the next. */

import assert from 'node:assert/strict';

import { decodeObject, type DecodedObject } from '../../../src/decode/decode-object.ts';
import { isRawObject } from '../../../src/decode/metadata.ts';
import type { Change } from './arbitrary-history.ts';
import type { Annotation } from './arbitrary-ingress.ts';
import { placedAt, slotOf, slotText, type Manifest, type Slot } from './arbitrary-objects.ts';

export interface Entry {
  readonly manifest: Manifest;
  readonly object: DecodedObject;
}

/** By {@link slotText}. */
export type World = ReadonlyMap<string, Entry>;

export interface Worlds {
  /** @returns the world after it. */
  change(change: Change): World;
  /** Of so many steps ago, or the first. */
  before(steps: number): World;
}

export function createWorlds(first: readonly Manifest[]): Worlds {
  const past: World[] = [new Map(first.map((manifest) => entryOf(manifest)))];
  const gone = new Map<string, Entry>();
  const before = (steps: number): World => past.at(-1 - steps) ?? past[0] ?? new Map();
  return {
    before,
    change(change) {
      const now = before(0);
      const next =
        change.kind === 'rewind' ? before(change.ago) : new Map([...now, ...changed(change, now, gone)]);
      const present = new Map([...next].filter((entry): entry is [string, Entry] => entry[1] !== undefined));
      for (const [key, entry] of now) if (!present.has(key)) gone.set(key, entry);
      past.push(present);
      return present;
    },
  };
}

type Outcome = readonly (readonly [string, Entry | undefined])[];

/** `undefined`: it is deleted. */
function changed(change: Exclude<Change, { kind: 'rewind' }>, now: World, gone: World): Outcome {
  switch (change.kind) {
    case 'put':
      return [entryOf(change.manifest)];
    case 'edit':
      return [entryOf(edited(findNear(slotOf(change.donor), now)?.manifest, change.donor, change.picks))];
    case 'annotate':
      return present(change.slot, now).map(({ manifest }) => entryOf(annotated(manifest, change.said)));
    case 'delete':
      return present(change.slot, now).map(({ manifest }) => [slotText(slotOf(manifest)), undefined]);
    case 'restore':
      return restored(
        [...gone].filter(([key]) => key === slotText(change.slot)),
        now,
        change.isAnew,
      );
    case 'touch':
      return present(change.slot, now).map(({ manifest }) => entryOf(structuredClone(manifest)));
    case 'recreate':
      return present(change.slot, now).map(({ manifest }) =>
        entryOf({
          ...manifest,
          metadata: { ...manifest.metadata, creationTimestamp: change.createdAt, uid: 'new' },
        }),
      );
    case 'swap':
      return swapped(
        slotOf(findNear(change.slot, now)?.manifest ?? placedAt(change.slot, {})),
        change.other,
        now,
      );
    case 'drop':
      return [...now].filter(isIn(change.namespace)).map(([key]) => [key, undefined]);
    case 'return':
      return restored([...gone].filter(isIn(change.namespace)), now, change.isAnew);
    default:
      return change satisfies never;
  }
}

function entryOf(manifest: Manifest): readonly [string, Entry] {
  const object = decodeObject(manifest);
  assert.ok('decoded' in object, JSON.stringify(object));
  freeze(object);
  return [slotText(slotOf(manifest)), { manifest, object }];
}

/** To its last part: compile must change nothing in what it is given. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

/** What is there, or the next of its kind: a change of nothing tests nothing. */
function findNear(slot: Slot, now: World): Entry | undefined {
  const isAlike = ({ manifest }: Entry): boolean => manifest.kind === slot.kind;
  return now.get(slotText(slot)) ?? [...now.values()].find(isAlike);
}

function present(slot: Slot, now: World): readonly Entry[] {
  const entry = findNear(slot, now);
  return entry === undefined ? [] : [entry];
}

function swapped(slot: Slot, other: Slot, now: World): Outcome {
  return [moved(slot, other, now), moved(other, slot, now)];
}

function restored(lost: readonly (readonly [string, Entry])[], now: World, isAnew: boolean): Outcome {
  return lost
    .filter(([key]) => !now.has(key))
    .map(([key, entry]) => (isAnew ? entryOf(structuredClone(entry.manifest)) : [key, entry]));
}

/** What was at one slot, at another. */
function moved(from: Slot, to: Slot, now: World): Outcome[number] {
  const entry = now.get(slotText(from));
  return entry === undefined ? [slotText(to), undefined] : entryOf(placedAt(to, entry.manifest));
}

function isIn(namespace: string): (entry: readonly [string, Entry]) => boolean {
  return ([, { manifest }]) =>
    manifest.metadata.namespace === namespace ||
    (manifest.kind === 'Namespace' && manifest.metadata.name === namespace);
}

function edited(manifest: Manifest | undefined, donor: Manifest, picks: readonly number[]): Manifest {
  if (manifest === undefined) return donor;
  const mixed = graft(bodyOf(manifest), bodyOf(donor), picks);
  return isRawObject(mixed)
    ? placedAt(slotOf(manifest), { ...mixed, apiVersion: donor['apiVersion'] })
    : donor;
}

function annotated({ metadata, ...body }: Manifest, said: Annotation): Manifest {
  const { annotations } = metadata;
  const others = Object.entries(isRawObject(annotations) ? annotations : {}).filter(
    ([name]) => name !== said.name,
  );
  const added = said.value === undefined ? [] : [[said.name, said.value] as const];
  return { ...body, metadata: { ...metadata, annotations: Object.fromEntries([...others, ...added]) } };
}

/** All but what makes an object this one. */
function bodyOf(manifest: Manifest): object {
  const isBody = ([field]: readonly [string, unknown]): boolean => !FIXED.has(field);
  const metadata = Object.fromEntries(Object.entries(manifest.metadata).filter(isBody));
  return { ...Object.fromEntries(Object.entries(manifest).filter(isBody)), metadata };
}

const FIXED: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'name', 'namespace']);

/** A copy with one value from `donor`, as deep as there are picks. */
function graft(value: unknown, donor: unknown, [pick, ...rest]: readonly number[]): unknown {
  if (pick === undefined) return donor;
  if (Array.isArray(value) && Array.isArray(donor) && value.length === donor.length && value.length > 0) {
    const at = pick % value.length;
    return value.with(at, graft(value[at], donor[at], rest));
  }
  if (!isRawObject(value) || !isRawObject(donor)) return donor;
  const keys = Object.keys({ ...value, ...donor });
  const key = keys[pick % keys.length];
  return key === undefined ? donor : { ...value, [key]: graft(value[key], donor[key], rest) };
}
