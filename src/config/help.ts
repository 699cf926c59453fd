/** Renders a table of flags for people: the text of `--help` and the reference page. */

import { environmentName, type FlagTable } from './flags.ts';

/** Lines of `--help`, one flag after the other, 100 columns at most. */
export function renderFlagHelp(table: FlagTable): string {
  return Object.entries(table)
    .map(([name, flag]) => {
      const usage = flag.placeholder === undefined ? `--${name}` : `--${name} ${flag.placeholder}`;
      const isDefaultWorthSaying = flag.defaultText !== undefined && flag.defaultText !== '';
      const text = flag.description + (isDefaultWorthSaying ? ` [${flag.defaultText}]` : '');
      return `  ${usage}\n${wrapText(text.replaceAll('`', ''), 92)
        .map((line) => `      ${line}`)
        .join('\n')}`;
    })
    .join('\n');
}

/** Rows of a Markdown table: flag, environment variable, default, meaning. */
export function renderFlagReference(table: FlagTable): string {
  const rows = Object.entries(table).map(([name, flag]) => {
    const usage = flag.placeholder === undefined ? `--${name}` : `--${name} ${flag.placeholder}`;
    const fallback = flag.defaultText ?? '';
    return `| \`${usage}\` | \`${environmentName(name)}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${flag.description} |`;
  });
  return ['| flag | environment | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** Lines of at most `width` columns, where no word is longer. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
