/** Reads the pages of the documentation as far as their tests need. */

import { globSync, readFileSync } from 'node:fs';

export interface Page {
  readonly path: string;
  readonly text: string;
  /** Without what stands in fenced blocks. */
  readonly prose: string;
}

/** One line of a shell block; continuation lines are joined. */
export interface ShellLine {
  readonly command: string;
  /** What follows ` # `. */
  readonly comment: string;
}

export function readPages(): readonly Page[] {
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...globSync('docs/**/*.md')]
    .sort()
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path, text, prose: text.replaceAll(/^```[\s\S]*?^```/gm, '') };
    });
}

export function blocksOf(page: Page, language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return [...page.text.matchAll(fence)].map((match) => match[1] ?? '');
}

export function shellLinesOf(page: Page): readonly ShellLine[] {
  return blocksOf(page, 'sh')
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [command = '', comment = ''] = line.split(/\s+#\s/);
      return { command, comment };
    });
}

/** Every word in backticks. */
export function codeIn(page: Page): readonly string[] {
  return [...page.prose.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);
}

/** The cells of every row whose first cell begins with `start`, without backticks. */
export function rowsOf(page: Page, start: RegExp): readonly (readonly string[])[] {
  return page.text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.replaceAll(/`|<a [^>]*><\/a>/g, '').trim()),
    )
    .filter(([first = '']) => start.test(first));
}
