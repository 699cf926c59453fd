/** Names the header that made a head too large: for the log, which must not show a value. */

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;

/** `rawHeaders`: alternating names and values. `undefined` where there is none, or its name is not fit for a log. */
export function largestHeader(rawHeaders: readonly string[]): string | undefined {
  let largest = '';
  let size = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const length = name.length + (rawHeaders[at + 1] ?? '').length;
    if (length <= size) continue;
    largest = name;
    size = length;
  }
  return NAME.test(largest) ? largest.toLowerCase() : undefined;
}

/** The same for the bytes of a head as far as they are known: what begins in their midst has no name. */
export function largestHeaderIn(text: string): string | undefined {
  const fields = text.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? ['', line] : [line.slice(0, colon), line.slice(colon)];
  });
  return largestHeader(fields);
}
