/** Reads the values of the chart with their defaults and the comments that describe them. */

import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml';

/** What precedes the description of a value. */
const DESCRIPTION = '-- ';
/** What precedes the title of a section. */
const SECTION = '## ';

export interface ChartValue {
  /** Such as `image.tag`. */
  readonly path: string;
  readonly defaultValue: unknown;
  /** `undefined` where the comment is missing. */
  readonly description: string | undefined;
}

export interface ChartSection {
  readonly title: string;
  readonly values: readonly ChartValue[];
}

/** @throws when the text is no map, or a value stands before the first section */
export function readChartValues(text: string): readonly ChartSection[] {
  const document = parseDocument(text);
  const sections: { title: string; values: ChartValue[] }[] = [];
  const first = document.commentBefore ?? '';
  if (!isMap(document.contents)) throw new Error('values.yaml must be a map');
  for (const { path, pair, comment } of leaves(document.contents, first)) {
    const lines = comment.split('\n').map((line) => line.trim());
    for (const line of lines) {
      if (line.startsWith(SECTION)) sections.push({ title: line.slice(SECTION.length), values: [] });
    }
    const section = sections.at(-1);
    if (section === undefined) throw new Error(`${path}: stands before the first section`);
    if (pair === undefined) continue;
    const description = lines.find((line) => line.startsWith(DESCRIPTION))?.slice(DESCRIPTION.length);
    section.values.push({ path, defaultValue: plainOf(pair), description });
  }
  return sections;
}

interface Leaf {
  readonly path: string;
  /** `undefined`: a group, which only has a comment. */
  readonly pair: Pair | undefined;
  readonly comment: string;
}

/** A map with comments inside is a group; one without is a value. The first comment of a map belongs to its first key. */
function* leaves(map: YAMLMap, firstComment: string, prefix = ''): Generator<Leaf> {
  let pending = [firstComment, map.commentBefore ?? ''].join('\n');
  for (const pair of map.items as readonly Pair[]) {
    const path = `${prefix}${String(pair.key)}`;
    const own = isScalar(pair.key) ? (pair.key.commentBefore ?? '') : '';
    const comment = `${pending}\n${own}`;
    pending = '';
    const { value } = pair;
    if (isMap(value) && isGroup(value)) {
      yield { path, pair: undefined, comment };
      yield* leaves(value, '', `${path}.`);
    } else {
      yield { path, pair, comment };
    }
  }
}

function isGroup(map: YAMLMap): boolean {
  return (
    map.commentBefore !== undefined ||
    map.items.some(({ key, value }) => {
      const hasComment = isScalar(key) && typeof key.commentBefore === 'string';
      return hasComment || (isMap(value) && isGroup(value));
    })
  );
}

function plainOf({ value }: Pair): unknown {
  return (value as { toJSON(): unknown } | null)?.toJSON();
}
