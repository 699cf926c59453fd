/** The result as one table of Markdown, which a terminal shows as well, and as JSON. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Machine } from './machine.ts';
import type { Row } from './row.ts';
import { formatSpread } from './statistics.ts';

const HEAD = ['measure', 'subject', 'median (least–most)', 'ratio, median (least–most)', 'target'];

export interface Result {
  readonly date: Date;
  readonly machine: Machine;
  /** How it was measured. */
  readonly conditions: string;
  readonly rows: readonly Row[];
}

export function formatResult({ date, machine, conditions, rows }: Result): string {
  const { processor, memoryGigabytes, kernel, loadAverage, versions } = machine;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date.toISOString().slice(0, 10)}, ${processor}, ${memoryGigabytes} GB, Linux ${kernel}, load average before ${loadAverage.toFixed(1)}.`,
    `${names.join(', ')}. ${conditions}`,
    '',
    ...alignColumns([HEAD, HEAD.map(() => '---'), ...rows.map(cellsOf)]),
    '',
  ].join('\n');
}

/** @returns the file without its ending: `.md` and `.json` lie there. */
export function writeResult(directory: string, result: Result): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, result.date.toISOString().slice(0, 19).replaceAll(':', '-'));
  writeFileSync(`${file}.md`, formatResult(result));
  writeFileSync(`${file}.json`, `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}

function cellsOf({ measure, subject, unit, found, ratio, base, target = '' }: Row): readonly string[] {
  const digits = found.median < 10 ? 2 : found.median < 1_000 ? 1 : 0;
  return [
    measure,
    subject,
    `${formatSpread(found, digits)} ${unit}`,
    ratio === undefined ? '' : `${formatSpread(ratio, 2)} × ${base}`,
    target,
  ];
}

function alignColumns(table: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map(
    (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
}
