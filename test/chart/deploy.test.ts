/** The files in `deploy/` are those that the chart gives today. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { renderDeploy, TEMPLATE_ARGUMENTS } from '../../build/generate/deploy.ts';
import { findHelm } from '../support/helm.ts';
import { skipWithout } from '../support/tools.ts';
import { runHelm } from './render.ts';

const helm = await findHelm();
const path = helm.kind === 'binary' ? helm.path : '';

describe('deploy/', { skip: skipWithout(helm) }, () => {
  test('is what the chart renders by default', async () => {
    const { stdout, stderr } = await runHelm(path, ...TEMPLATE_ARGUMENTS);
    assert.equal(stderr, '');
    const files = renderDeploy(stdout);
    assert.deepEqual(globSync('deploy/*').sort(), Object.keys(files).sort());
    for (const [file, text] of Object.entries(files)) {
      assert.equal(readFileSync(file, 'utf8'), text, `${file} is stale: node build/deploy.ts`);
    }
  });

  test('a kind that belongs to no file is an error, not left out', () => {
    assert.throws(
      () => renderDeploy('kind: Widget\nmetadata: {}\n'),
      /a Widget belongs to no file of deploy\//,
    );
  });
});
