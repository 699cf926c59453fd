/** Durations as Kubernetes objects and flags write them: `300ms`, `5s`, `10m`, `1h`. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** One integer and one unit; the form that {@link parseDuration} accepts, as a pattern for schemas. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]{0,8})(ms|s|m|h)$';

const DURATION = new RegExp(DURATION_PATTERN);

/** @returns the duration in milliseconds, or `undefined` when `text` is not of the form `<integer>(ms|s|m|h)`. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const unitMs = UNIT_MS[match[2] ?? ''];
  return unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}
