/** Random histories: what is there at first, what happens to it, and when it is compiled. */

import * as fc from 'fast-check';

import type { CompileOptions } from '../../../src/compile/result.ts';
import {
  compileOptions,
  manifest,
  slot,
  slotFor,
  slotOf,
  slotText,
  type Manifest,
  type Slot,
} from './arbitrary-objects.ts';
import { annotation, type Annotation } from './arbitrary-ingress.ts';
import { PLACES } from './arbitrary-text.ts';

export type Change =
  | { readonly kind: 'put'; readonly manifest: Manifest }
  /** One value of what is there becomes that of `donor`; `picks` lead to it. */
  | { readonly kind: 'edit'; readonly donor: Manifest; readonly picks: readonly number[] }
  | { readonly kind: 'annotate'; readonly slot: Slot; readonly said: Annotation }
  | { readonly kind: 'delete'; readonly slot: Slot }
  /** What was deleted there last comes back, the same object or one that says the same. */
  | { readonly kind: 'restore'; readonly slot: Slot; readonly isAnew: boolean }
  /** A new object that says the same. */
  | { readonly kind: 'touch'; readonly slot: Slot }
  /** One that says the same in another life. */
  | { readonly kind: 'recreate'; readonly slot: Slot; readonly createdAt: string }
  /** Each where the other was; alone, it moves. */
  | { readonly kind: 'swap'; readonly slot: Slot; readonly other: Slot }
  /** A namespace with all that is in it. */
  | { readonly kind: 'drop'; readonly namespace: string }
  | { readonly kind: 'return'; readonly namespace: string; readonly isAnew: boolean }
  /** Everything as it was then, the same objects. */
  | { readonly kind: 'rewind'; readonly ago: number };

/** What is compiled after a change: with the first options, the second, both, also what was there before, or nothing. */
export type Compiled = 'first' | 'second' | 'both' | 'older' | 'none';

export interface Step {
  readonly change: Change;
  readonly compiled: Compiled;
  /** Whether the snapshot keeps nothing of the one before but the objects, and has them in another order. */
  readonly isCopied: boolean;
}

export interface History {
  readonly options: readonly [CompileOptions, CompileOptions];
  readonly first: readonly Manifest[];
  readonly steps: readonly Step[];
}

const isAnew = fc.boolean();
const namespace = fc.constantFrom(...PLACES);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('put'), manifest }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('edit'),
      donor: manifest,
      picks: fc.array(fc.nat(), { minLength: 2, maxLength: 7 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('annotate'), slot: slotFor('Ingress'), said: annotation }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), slot }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restore'), slot, isAnew }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch'), slot }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('recreate'),
      slot,
      createdAt: fc.constantFrom('2025-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
    }),
  },
  {
    weight: 2,
    arbitrary: slot.chain((place) =>
      fc.record({ kind: fc.constant('swap'), slot: fc.constant(place), other: slotFor(place.kind) }),
    ),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop'), namespace }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return'), namespace, isAnew }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind'), ago: fc.integer({ min: 1, max: 8 }) }) },
);

const step: fc.Arbitrary<Step> = fc.record({
  change,
  compiled: fc.constantFrom('first', 'first', 'first', 'second', 'both', 'older', 'none'),
  isCopied: fc.constantFrom(false, false, false, true),
});

/** Two that differ in one option, so that nothing but this one can tell them apart; or in any. */
const options: fc.Arbitrary<History['options']> = fc
  .tuple(compileOptions, compileOptions, fc.boolean(), fc.noShrink(fc.nat()))
  .map(([one, two, isOther, at]) => {
    const different = Object.entries(two).filter(
      ([name, value]) => one[name as keyof CompileOptions] !== value,
    );
    const [only] = different.slice(at % (different.length || 1));
    return [one, isOther || only === undefined ? two : { ...one, [only[0]]: only[1] }];
  });

/** Three times that, and most places are taken. What fails is cut down to fewer objects, not to smaller ones: in seconds. */
const some = fc.array(fc.noShrink(manifest), { maxLength: 80, size: 'max' });

export const history: fc.Arbitrary<History> = fc
  .record({
    options: fc.noShrink(options),
    first: fc.tuple(some, some, some).map((parts) => parts.flat()),
    steps: fc.array(fc.noShrink(step), { minLength: 1, maxLength: 50, size: 'max' }),
  })
  .map((drawn) => Object.assign(drawn, { [fc.toStringMethod]: () => historyText(drawn) }));

function historyText({ options: [one, two], first, steps }: History): string {
  return [
    `first options  ${JSON.stringify(one)}`,
    `second options ${JSON.stringify(two)}`,
    ...first.map((object) => `there is ${manifestText(object)}`),
    ...steps.map(({ change: changed, compiled, isCopied }) =>
      [changeText(changed), isCopied ? 'copied' : '', `compiled: ${compiled}`].filter(Boolean).join('; '),
    ),
  ].join('\n');
}

function changeText(changed: Change): string {
  switch (changed.kind) {
    case 'put':
      return `put ${manifestText(changed.manifest)}`;
    case 'edit':
      return `edit by ${changed.picks.join(' ')} as in ${manifestText(changed.donor)}`;
    case 'annotate':
      return `annotate ${slotText(changed.slot)} ${changed.said.name}: ${changed.said.value}`;
    case 'swap':
      return `swap ${slotText(changed.slot)} and ${slotText(changed.other)}`;
    case 'rewind':
      return `rewind ${changed.ago}`;
    case 'drop':
    case 'return':
      return `${changed.kind} ${changed.namespace}`;
    case 'delete':
    case 'restore':
    case 'touch':
    case 'recreate':
      return `${changed.kind} ${slotText(changed.slot)}`;
    default:
      return changed satisfies never;
  }
}

/** Keys and certificates would fill pages. */
function manifestText(object: Manifest): string {
  const text = JSON.stringify(object).replace(
    /-----BEGIN ([A-Z ]+)-----.*?([^"]{8})\\n-----END[^"]*-----\\n/g,
    '$1 …$2',
  );
  return `${slotText(slotOf(object))} ${text}`;
}
