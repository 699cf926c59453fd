/** Reads and cuts `application/x-www-form-urlencoded` text, as queries and bodies hold it. */

/** The decoded values of every parameter called `name`; `undefined` for one that is no percent-encoded UTF-8. */
export function formValues(text: string, name: string): readonly (string | undefined)[] {
  const values: (string | undefined)[] = [];
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    if (pairName(pair, equals) !== name) continue;
    values.push(equals === -1 ? '' : decodeFormText(pair.slice(equals + 1)));
  }
  return values;
}

/** `text` without the parameters called so, however their names are encoded. What stays is not touched. */
export function withoutParameters(text: string, names: readonly string[]): string {
  const pairs = text.split('&');
  const kept = pairs.filter((pair) => {
    const name = pairName(pair, pair.indexOf('='));
    return name === undefined || !names.includes(name);
  });
  return kept.length === pairs.length ? text : kept.join('&');
}

function pairName(pair: string, equals: number): string | undefined {
  return decodeFormText(equals === -1 ? pair : pair.slice(0, equals));
}

/** `undefined`: it is no percent-encoded UTF-8. */
export function decodeFormText(text: string): string | undefined {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
