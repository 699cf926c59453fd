/** Looks for the names of credentials in a body as it passes: in one that is too large to be read first. */

import { bodyFormat } from './credential-body.ts';
import { decodeFormText } from './form.ts';
import type { ParameterNames } from './presented.ts';

/** Goes on with the next bytes. @returns whether the value of a credential may begin in them, or has begun before. */
export type CredentialScan = (bytes: Uint8Array) => boolean;

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACE = 0x7d;
const CLOSING_BRACKET = 0x5d;
/** Bytes that a character of a name can take: `%63` in a form, `\u0063` in JSON. */
const MAX_ENCODED_BYTES = 6;

/** Finds what `credential-body.ts` would find in the whole; what is no form and no JSON holds none. */
export function credentialScan(contentType: string, names: ParameterNames): CredentialScan {
  const format = bodyFormat(contentType);
  if (format === undefined) return () => false;
  const wanted = [names.clientId, names.clientSecret];
  const name = new NameReader(wanted, format === 'form' ? decodeFormText : jsonText);
  const scan = format === 'form' ? formScan(name) : jsonScan(name);
  let isFound = false;
  return (bytes) => (isFound ||= scan(bytes));
}

/** Collects the bytes of a name; one that is longer than any that is looked for is none of them. */
class NameReader {
  readonly #wanted: readonly string[];
  readonly #decode: (text: string) => string | undefined;
  readonly #bytes: Buffer;
  readonly #minBytes: number;
  #length = 0;

  constructor(wanted: readonly string[], decode: (text: string) => string | undefined) {
    const lengths = wanted.map((text) => text.length);
    this.#wanted = wanted;
    this.#decode = decode;
    this.#minBytes = Math.min(...lengths);
    this.#bytes = Buffer.alloc(Math.max(...lengths) * MAX_ENCODED_BYTES + 1);
  }

  get isWanted(): boolean {
    if (this.#length < this.#minBytes || this.#length === this.#bytes.length) return false;
    const text = this.#decode(this.#bytes.toString('utf8', 0, this.#length));
    return text !== undefined && this.#wanted.includes(text);
  }

  begin(): void {
    this.#length = 0;
  }

  add(byte: number): void {
    if (this.#length < this.#bytes.length) this.#bytes[this.#length++] = byte;
  }
}

function formScan(name: NameReader): CredentialScan {
  let isInName = true;
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += 1) {
      if (!isInName) {
        at = bytes.indexOf(AMPERSAND, at);
        if (at < 0) return false;
        isInName = true;
        name.begin();
        continue;
      }
      const byte = bytes[at] ?? 0;
      if (byte === EQUALS) {
        if (name.isWanted) return true;
        isInName = false;
      } else if (byte === AMPERSAND) name.begin();
      else name.add(byte);
    }
    return false;
  };
}

/** The names of the members of the outermost object. */
function jsonScan(name: NameReader): CredentialScan {
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  let isName = false;
  /** @returns where the string ends, or the length of `bytes`. */
  const readString = (bytes: Uint8Array, start: number): number => {
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE && !isEscaped) {
        isInString = false;
        return at;
      }
      isEscaped = byte === BACKSLASH && !isEscaped;
      if (isName) name.add(byte);
    }
    return bytes.length;
  };
  const readSign = (byte: number): void => {
    if (byte === QUOTE) {
      isInString = true;
      if (isName) name.begin();
    } else if (byte === COMMA) {
      isName = depth === 1;
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      depth += 1;
      isName = depth === 1;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      depth -= 1;
      isName = false;
    }
  };
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += 1) {
      if (isInString) at = readString(bytes, at);
      else if (bytes[at] !== COLON) readSign(bytes[at] ?? 0);
      else if (isName) {
        if (name.isWanted) return true;
        isName = false;
      }
    }
    return false;
  };
}

function jsonText(text: string): string | undefined {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return undefined;
  }
}
