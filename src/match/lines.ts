/** Lays out explanations: one fact a line, names in a column. */

export type Line = readonly [name: string, text: string];

export function formatLines(title: string, lines: readonly Line[]): string {
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return [title, ...lines.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`), ''].join('\n');
}
