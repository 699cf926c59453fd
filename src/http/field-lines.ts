/** The field lines of an HTTP/1.1 message (RFC 9112, section 5), read strictly: what could be read in two ways is a fault. */

const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;

/** By character code of latin1: what a name may hold (`tchar`), and what a value may. */
const NAME = 1;
const VALUE = 2;
const CLASSES = characterClasses();

/**
 * Alternating names and values, these without the white space around them, from `start` to the end of `text`; or what is
 * wrong with the first line that is not valid. A line that goes on with white space (obs-fold) is not.
 *
 * @param text latin1; each line is ended by CRLF
 */
export function readFieldLines(text: string, start: number): string[] | string {
  const fields: string[] = [];
  for (let at = start; at < text.length;) {
    const nameStart = at;
    while (((CLASSES[text.charCodeAt(at)] ?? 0) & NAME) !== 0) at += 1;
    if (at === nameStart || text.charCodeAt(at) !== COLON) return 'a header name is not valid';
    const name = text.slice(nameStart, at);
    at = skipSpace(text, at + 1);
    const valueStart = at;
    while (((CLASSES[text.charCodeAt(at)] ?? 0) & VALUE) !== 0) at += 1;
    if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF) {
      return 'a header value holds a control character';
    }
    fields.push(name, text.slice(valueStart, valueEnd(text, valueStart, at)));
    at += 2;
  }
  return fields;
}

/** Whether `text` is a `token` (RFC 9110, section 5.6.2). */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (((CLASSES[text.charCodeAt(at)] ?? 0) & NAME) === 0) return false;
  }
  return text !== '';
}

/** The lines of a head, each ended by CRLF. `raw`: alternating names and values. */
export function fieldLines(raw: readonly string[]): string {
  let lines = '';
  for (let at = 0; at < raw.length; at += 2) lines += `${raw[at]}: ${raw[at + 1]}\r\n`;
  return lines;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  for (; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== SPACE && code !== TAB) return at;
  }
}

function valueEnd(text: string, start: number, lineEnd: number): number {
  let end = lineEnd;
  for (; end > start; end -= 1) {
    const code = text.charCodeAt(end - 1);
    if (code !== SPACE && code !== TAB) break;
  }
  return end;
}

function characterClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (const character of "!#$%&'*+-.^_`|~0123456789") classes[character.charCodeAt(0)] = NAME;
  for (let letter = 0; letter < 26; letter += 1) {
    classes[0x41 + letter] = NAME;
    classes[0x61 + letter] = NAME;
  }
  for (let code = 0; code < 256; code += 1) {
    const isValue = code === TAB || (code >= SPACE && code !== 0x7f);
    if (isValue) classes[code] = (classes[code] ?? 0) | VALUE;
  }
  return classes;
}
