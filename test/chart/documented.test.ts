/** What the documentation tells to type for Helm is understood by the chart: commands, values files, names of values. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import { readChartValues } from '../../build/generate/chart-values.ts';
import { findHelm } from '../support/helm.ts';
import { blocksOf, codeIn, readPages, shellLinesOf } from '../support/markdown.ts';
import { skipWithout } from '../support/tools.ts';
import { CHART, render } from './render.ts';

const helm = await findHelm();
const path = helm.kind === 'binary' ? helm.path : '';
const PAGES = readPages();

const COMMANDS = PAGES.flatMap((page) =>
  shellLinesOf(page)
    .filter(({ command }) => /^helm (?:install|upgrade) /.test(command))
    .map(({ command }) => ({ page: page.path, command })),
);

/** A value and the groups that it is in: `image`, `image.tag`. */
const VALUES = readChartValues(readFileSync(`${CHART}/values.yaml`, 'utf8')).flatMap(({ values }) => values);
const TOP_LEVEL = new Set(VALUES.map((value) => value.path.split('.')[0]));

function isValue(name: string): boolean {
  return VALUES.some(
    (value) => value.path === name || value.path.startsWith(`${name}.`) || name.startsWith(`${value.path}.`),
  );
}

describe('what the documentation says of the chart', { skip: skipWithout(helm) }, () => {
  for (const { page, command } of COMMANDS) {
    test(`${page}: ${command.replaceAll(/ +/g, ' ')}`, async () => {
      assert.match(command, / --namespace \S+/, 'names no namespace');
      // Rendered instead: what is reused are values that an earlier command set.
      const rendering = command
        .replace(/^helm \w+/, '"$HELM" template')
        .replace(/ --re(?:use|set-then-reuse)-values/, '');
      const environment = { ...process.env, HELM: path };
      const { stdout } = await promisify(execFile)('sh', ['-c', rendering], { env: environment });
      assert.match(stdout, /^kind: Deployment$|^kind: DaemonSet$/m);
    });
  }

  test('values files are accepted', async () => {
    const blocks = PAGES.flatMap((page) => blocksOf(page, 'yml'));
    assert.ok(blocks.length > 0);
    const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-values-'));
    try {
      for (const [index, block] of blocks.entries()) {
        const file = join(directory, `${index}.yaml`);
        writeFileSync(file, block);
        assert.ok((await render(path, `--values=${file}`)).length > 0);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('names of values exist', () => {
    const named = PAGES.flatMap((page) =>
      codeIn(page)
        .flatMap((word) => /^([a-z][a-zA-Z]*(?:\.[a-zA-Z]+)+)(?:[:=].*)?$/.exec(word)?.[1] ?? [])
        .filter((name) => TOP_LEVEL.has(name.split('.')[0] ?? ''))
        .map((name) => ({ page: page.path, name })),
    );
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.filter(({ name }) => !isValue(name)),
      [],
    );
  });
});
