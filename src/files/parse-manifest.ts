/** From the text of a manifest file to the objects in it: several documents, Lists, YAML or JSON. */

import { LineCounter, parseAllDocuments, type Document, type YAMLParseError } from 'yaml';

import { decodeObject, type DecodedObject } from '../decode/decode-object.ts';
import { isRawObject } from '../decode/metadata.ts';
import type { SourceFault } from '../decode/source.ts';
import { formatFault } from '../model/faults.ts';

/** How often a document may refer to anchors: enough for people, too little for a bomb. */
const MAX_ALIASES = 100;

/** Lists in Lists are followed so deep. */
const MAX_LIST_DEPTH = 4;

/** Namespace of objects that name none, as `kubectl` has it. */
const DEFAULT_NAMESPACE = 'default';

/** What a file holds. */
export interface ParsedManifest {
  readonly objects: readonly LocatedObject[];
  /** Objects of kinds that are not read: no fault, but worth a word where a person asks. */
  readonly ignored: readonly IgnoredObject[];
  /** What could not be read: YAML, or objects without so much as a name. */
  readonly faults: readonly SourceFault[];
}

export interface LocatedObject {
  /** `orders.yaml:12`. */
  readonly location: string;
  readonly object: DecodedObject;
}

export interface IgnoredObject {
  readonly location: string;
  readonly apiVersion: string;
  readonly kind: string;
}

/** Never throws. `name` is the file as people should see it; JSON is read as the YAML that it is. */
export function parseManifest(name: string, text: string): ParsedManifest {
  const lines = new LineCounter();
  const parts = parseDocuments(text, lines).map((document) => {
    const offset = document.contents?.range[0] ?? 0;
    return parseDocument(document, (at) => `${name}:${lines.linePos(at ?? offset).line}`);
  });
  return {
    objects: parts.flatMap((part) => part.objects),
    ignored: parts.flatMap((part) => part.ignored),
    faults: parts.flatMap((part) => part.faults),
  };
}

function parseDocuments(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  // `merge`: what kubectl takes, people write. Pretty errors would quote the text, and with it secrets.
  const documents = parseAllDocuments(text, { lineCounter, merge: true, prettyErrors: false });
  return 'empty' in documents ? [] : documents;
}

function parseDocument(document: Document.Parsed, locate: (offset?: number) => string): ParsedManifest {
  const [error] = document.errors;
  if (error !== undefined) return faulty(locate(error.pos[0]), describeError(error));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    return faulty(locate(), `must not refer to anchors more than ${MAX_ALIASES} times`);
  }
  // A document of comments only.
  if (value === null) return EMPTY;
  return parseObject(value, { location: locate(), field: '', depth: 0 });
}

interface Place {
  readonly location: string;
  /** `items[3].` inside a List, else empty. */
  readonly field: string;
  readonly depth: number;
}

function parseObject(value: unknown, place: Place): ParsedManifest {
  const items = itemsOf(value);
  if (items !== undefined) return parseItems(items, place);
  const { location, field } = place;
  const decoded = decodeObject(value, DEFAULT_NAMESPACE);
  if (decoded.kind === 'unreadable') {
    return {
      ...EMPTY,
      faults: decoded.faults.map((fault) => ({ location, message: field + formatFault(fault) })),
    };
  }
  if (decoded.kind === 'ignored') {
    return { ...EMPTY, ignored: [{ location, apiVersion: decoded.apiVersion, kind: decoded.objectKind }] };
  }
  return { ...EMPTY, objects: [{ location, object: decoded }] };
}

function parseItems(items: readonly unknown[], { location, field, depth }: Place): ParsedManifest {
  if (depth === MAX_LIST_DEPTH) {
    return faulty(location, `${field}items: must not nest Lists more than ${MAX_LIST_DEPTH} deep`);
  }
  const parts = items.map((item, index) =>
    parseObject(item, { location, field: `${field}items[${index}].`, depth: depth + 1 }),
  );
  return {
    objects: parts.flatMap((part) => part.objects),
    ignored: parts.flatMap((part) => part.ignored),
    faults: parts.flatMap((part) => part.faults),
  };
}

/** Of a `List` as `kubectl` writes it, and of an `IngressList` and the like, whose items may leave out what they are. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (!isRawObject(value)) return undefined;
  const { apiVersion, kind, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return undefined;
  if (kind === 'List') return items;
  const implied = { apiVersion, kind: kind.slice(0, -'List'.length) };
  return items.map((item: unknown) => (isRawObject(item) ? Object.assign({}, implied, item) : item));
}

const EMPTY: ParsedManifest = { objects: [], ignored: [], faults: [] };

function faulty(location: string, message: string): ParsedManifest {
  return { ...EMPTY, faults: [{ location, message }] };
}

/** By code: the messages of the library may hold words of the file. */
const ERROR_TEXTS: Readonly<Partial<Record<YAMLParseError['code'], string>>> = {
  BAD_ALIAS: 'refers to an anchor that is not set before it',
  BAD_DQ_ESCAPE: 'has an invalid escape sequence',
  BAD_INDENT: 'is indented wrongly, or a bracket before it is not closed',
  BAD_SCALAR_START: 'starts a plain value with a character that needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'has a nested mapping in one line',
  DUPLICATE_KEY: 'has the same key twice in a mapping',
  MISSING_CHAR: 'lacks a closing quote, bracket or comma',
  MULTILINE_IMPLICIT_KEY: 'has a key over several lines, or lacks a colon',
  TAB_AS_INDENT: 'is indented with tabs',
  TAG_RESOLVE_FAILED: 'has a tag that is not known',
  UNEXPECTED_TOKEN: 'has something that does not belong there',
};

function describeError({ code }: YAMLParseError): string {
  return `not valid YAML: this line ${ERROR_TEXTS[code] ?? 'cannot be parsed'}`;
}
