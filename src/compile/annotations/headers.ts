/** Annotations that change headers: one edit a line, nothing that could end a header and begin another. */

import type { HeaderEdits } from '../../model/route-options.ts';
import { RESERVED_HEADERS } from '../../policy/reserved-names.ts';
import { quote } from '../quote.ts';
import { invalid, valid, type Reading } from './reading.ts';

/** As in policies: what survives every proxy unchanged. */
export const HEADER_NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;

const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/;
const EDIT = /^(?:set +([^ :]+): *(.*)|remove +([^ :]+))$/;
const MAX_EDITS = 32;

/** Printable ASCII that neither starts nor ends with a space, 1-1024 characters. */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text);
}

export function readHeaderEdits(text: string): Reading<HeaderEdits> {
  const lines = text.split('\n').map((line) => line.trim());
  const edits = lines.filter((line) => line !== '');
  if (edits.length === 0) return invalid('must have a line set NAME: VALUE or remove NAME');
  if (edits.length > MAX_EDITS) return invalid(`must have at most ${MAX_EDITS} lines`);
  const set = new Map<string, { readonly name: string; readonly value: string }>();
  const remove = new Set<string>();
  for (const line of edits) {
    const [, setName, value = '', removeName] = EDIT.exec(line) ?? [];
    const name = setName ?? removeName;
    const key = name?.toLowerCase() ?? '';
    const fault =
      name === undefined ? FORM : (nameFault(key) ?? (set.has(key) || remove.has(key) ? TWICE : undefined));
    if (fault !== undefined) return invalid(`line ${quote(line)} ${fault}`);
    if (setName === undefined) remove.add(key);
    else if (isHeaderValue(value)) set.set(key, { name: setName, value });
    else return invalid(`line ${quote(line)} must set 1-1024 characters of printable ASCII`);
  }
  return valid({ set: [...set.values()], remove: [...remove] });
}

const FORM = 'must be set NAME: VALUE or remove NAME';
const TWICE = 'must not change a header for the second time';

function nameFault(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return 'must name a header: letters, digits and -, starting with a letter';
  return RESERVED_HEADERS.includes(name)
    ? 'must not change a header that HTTP or the gateway owns'
    : undefined;
}
