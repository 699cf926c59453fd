/** Cuts a large delta into parts and joins them: who unpacked the table of a large cluster at once would stand still over it. */

import type { RoutingTable } from '../model/table.ts';
import type { TableDelta } from './delta.ts';

/** Puts parts together; nothing of them may be served before the last is there. */
export interface DeltaAssembly {
  add(part: TableDelta): void;
  /** @returns everything that was added, and `last`; then begins anew */
  finish(last: TableDelta): TableDelta;
}

/** What a proxy thread unpacks at a time, in routes and endpoints: about a millisecond of its processor time. */
const PART_WEIGHT = 300;

const SECTIONS = ['backends', 'plans', 'options', 'certificates', 'hosts'] as const;

type SectionName = (typeof SECTIONS)[number];
type Entry = RoutingTable[SectionName][string];

/**
 * Parts that weigh no more than `maxWeight`, unless an entry alone does. What the last one holds beside entries to be set
 * is in no other: what goes, and what is no section.
 */
export function splitDelta(
  delta: TableDelta,
  maxWeight = PART_WEIGHT,
): { readonly parts: readonly TableDelta[]; readonly last: TableDelta } {
  const parts = cut(delta, maxWeight);
  if (parts.length < 2) return { parts: [], last: delta };
  return { parts: parts.map((sets) => withSets(UNCHANGED, sets)), last: withSets(delta, emptySets()) };
}

export function createDeltaAssembly(): DeltaAssembly {
  let added = emptySets();
  return {
    add(part) {
      for (const section of SECTIONS) Object.assign(added[section], part[section].set);
    },
    finish(last) {
      this.add(last);
      const whole = withSets(last, added);
      added = emptySets();
      return whole;
    },
  };
}

type Sets = Readonly<Record<SectionName, Record<string, Entry>>>;

const UNCHANGED: TableDelta = {
  hosts: { set: {}, removed: [] },
  plans: { set: {}, removed: [] },
  options: { set: {}, removed: [] },
  backends: { set: {}, removed: [] },
  certificates: { set: {}, removed: [] },
  defaultRoute: undefined,
  defaultCertificate: undefined,
  identityHeaders: undefined,
};

function emptySets(): Sets {
  return { backends: {}, plans: {}, options: {}, certificates: {}, hosts: {} };
}

/** Of `delta`, everything but what it sets. */
function withSets(delta: TableDelta, sets: Sets): TableDelta {
  const changed = { ...delta };
  for (const section of SECTIONS) {
    const { removed } = delta[section];
    Object.assign(changed, { [section]: { set: sets[section], removed } });
  }
  return changed;
}

function cut(delta: TableDelta, maxWeight: number): readonly Sets[] {
  const parts: Sets[] = [];
  let sets = emptySets();
  let weight = Infinity;
  for (const section of SECTIONS) {
    const entries: Readonly<Record<string, Entry>> = delta[section].set;
    for (const [key, entry] of Object.entries(entries)) {
      weight += weightOf(entry);
      if (weight > maxWeight) {
        sets = emptySets();
        parts.push(sets);
        weight = weightOf(entry);
      }
      sets[section][key] = entry;
    }
  }
  return parts;
}

/** How much there is to unpack, in routes and endpoints. */
function weightOf(entry: Entry): number {
  if ('routes' in entry) return 1 + entry.routes.length;
  return 'endpoints' in entry ? 1 + entry.endpoints.length : OF_OTHERS;
}

/** A plan, options, a certificate. */
const OF_OTHERS = 8;
