/** Reads and cuts the members of a JSON object in its text, so that what stays is not touched. */

interface Member {
  readonly name: string;
  /** Its JSON text. */
  readonly value: string;
  /** The member with the white space around it, up to the commas or braces. */
  readonly text: string;
}

interface ParsedObject {
  /** In the order of the text; names may repeat. */
  readonly members: readonly Member[];
  /** What stands before the members, to the opening brace, and after them. */
  readonly head: string;
  readonly tail: string;
}

/** @returns `undefined` where `text` is no JSON or its value no object */
export function parseJsonObject(text: string): ParsedObject | undefined {
  if (!isJsonObject(text)) return undefined;
  const open = text.indexOf('{') + 1;
  const members: Member[] = [];
  let at = open;
  for (;;) {
    const colon = nextDelimiter(text, at);
    if (text[colon] !== ':') return { members, head: text.slice(0, open), tail: text.slice(at) };
    const end = nextDelimiter(text, colon + 1);
    members.push({
      name: String(JSON.parse(text.slice(at, colon))),
      value: text.slice(colon + 1, end),
      text: text.slice(at, end),
    });
    if (text[end] === '}') return { members, head: text.slice(0, open), tail: text.slice(end) };
    at = end + 1;
  }
}

/** `text` without the members called so. Duplicates, white space and numbers beyond 2^53 stay as they are. */
export function withoutMembers(text: string, names: readonly string[]): string {
  const object = parseJsonObject(text);
  if (object === undefined) return text;
  const kept = object.members.filter((member) => !names.includes(member.name));
  if (kept.length === object.members.length) return text;
  return object.head + kept.map((member) => member.text).join(',') + object.tail;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Where the next `:`, `,` or `}` of the outermost object is; `text` is valid JSON and `at` inside that object. */
function nextDelimiter(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') index = stringEnd(text, index);
    else if (depth === 0 && (character === ':' || character === ',' || character === '}')) return index;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
  }
  return text.length;
}

/** Where the closing quote is. */
function stringEnd(text: string, open: number): number {
  let index = open + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
