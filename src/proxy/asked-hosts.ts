/** The hosts that callers ask for: each is read, and looked up in the table, once for a table. */

import { parseAuthority, type Authority } from '../http/authority.ts';
import type { Matcher, Place } from '../match/matcher.ts';

/** What a Host header names. */
export interface AskedHost extends Authority {
  /** Where its routes are. `undefined`: it is not declared. */
  readonly place: Place | undefined;
}

interface Remembered extends AskedHost {
  readonly text: string;
}

/** More than a large cluster has hosts. Callers choose what is remembered, so that there must be an end. */
const SLOTS = 32_768;
const MAX_REMEMBERED_LENGTH = 261;

/**
 * Each text has two slots beside each other; one that others have driven out is read anew. A Map would make V8 look each
 * text up among all of its strings first, which takes twice as long as the look-up itself.
 */
export class AskedHosts {
  readonly #slots: (Remembered | undefined)[];
  /** By which all that is remembered was found. */
  #matcher: Matcher | undefined;

  /** @param slots a power of two, at least 2 */
  constructor(slots = SLOTS) {
    this.#slots = Array.from({ length: slots }, () => undefined);
  }

  /** `undefined`: `text` is no authority. */
  find(text: string, matcher: Matcher): AskedHost | undefined {
    if (matcher !== this.#matcher) this.#forget(matcher);
    if (text.length > MAX_REMEMBERED_LENGTH) return readHost(text, matcher);
    const slot = hashOf(text) & (this.#slots.length - 1);
    const known = this.#slots[slot]?.text === text ? this.#slots[slot] : this.#slots[slot ^ 1];
    return known?.text === text ? known : this.#remember(slot, text, matcher);
  }

  /** Each slot would keep routes of the table that it was last asked under, and every slot those of another. */
  #forget(matcher: Matcher): void {
    this.#matcher = matcher;
    this.#slots.fill(undefined);
  }

  #remember(slot: number, text: string, matcher: Matcher): AskedHost | undefined {
    // A copy: a part of a head would keep all of the head in memory.
    const copy = Buffer.from(text, 'latin1').toString('latin1');
    const host = readHost(copy, matcher);
    if (host !== undefined) this.#slots[this.#slots[slot] === undefined ? slot : slot ^ 1] = host;
    return host;
  }
}

function readHost(text: string, matcher: Matcher): Remembered | undefined {
  const authority = parseAuthority(text);
  if (authority === undefined) return undefined;
  const { host, port } = authority;
  return { text, host, port, place: matcher.find(host) };
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash ^ (hash >>> 15);
}
