/** A page of the documentation as someone follows it: its manifests, and its commands, each taken once and word for word. */

import { blocksOf, readPages, shellLinesOf, type ShellLine } from './markdown.ts';

/** The issuer of the pages, in whose place the test has one of its own. */
const ISSUER = 'https://acme.eu.auth0.com/';

export interface DocumentedPage {
  readonly manifests: (issuer: string) => string;
  /** The first command that begins with `start` and has not been taken. @throws where there is none */
  take(start: string): ShellLine;
  /** The commands that nobody has taken. */
  left(): readonly string[];
}

export function documentedPage(path: string): DocumentedPage {
  const page = readPages().find((candidate) => candidate.path === path);
  if (page === undefined) throw new Error(`${path} is missing`);
  const lines = [...shellLinesOf(page)];
  const manifests = blocksOf(page, 'yaml').join('---\n');
  return {
    manifests(issuer) {
      if (!manifests.includes(ISSUER)) throw new Error(`${path}: no manifest names ${ISSUER}`);
      return manifests.replaceAll(ISSUER, issuer);
    },
    take(start) {
      const index = lines.findIndex(({ command }) => command.startsWith(start));
      const [line] = index === -1 ? [] : lines.splice(index, 1);
      if (line === undefined) throw new Error(`${path}: no command begins with ${JSON.stringify(start)}`);
      return line;
    },
    left: () => lines.map(({ command }) => command),
  };
}
