/** Quotes what was found in an object, short enough for an Event. */

const MAX_LENGTH = 100;

export function quote(found: string): string {
  return JSON.stringify(found.length > MAX_LENGTH ? `${found.slice(0, MAX_LENGTH)}…` : found);
}
