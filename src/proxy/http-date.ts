/** The value of Date (RFC 9110, section 6.6.1), written once a second. */

export function createHttpDate(nowMs: () => number): () => string {
  let second = Number.NaN;
  let text = '';
  return () => {
    const now = Math.floor(nowMs() / 1_000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1_000).toUTCString();
    }
    return text;
  };
}
