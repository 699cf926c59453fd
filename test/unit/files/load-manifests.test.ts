/** Manifests read once: files and directories, where each object was found, and what could not be read. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { loadManifests } from '../../../src/files/load-manifests.ts';

let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'load-'));
  await mkdir(join(directory, 'empty'));
  await writeFile(join(directory, 'a.yaml'), '# one\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n');
  await writeFile(join(directory, 'b.txt'), 'apiVersion: v1\nkind: Service\nmetadata: {name: b}\n');
});
after(() => rm(directory, { recursive: true }));

test('finds manifests in directories, and takes a file that is named whatever its name', async () => {
  const { snapshot, locations, files, faults } = await loadManifests([directory, join(directory, 'b.txt')]);
  assert.deepEqual([...snapshot.services.keys()], ['default/a', 'default/b']);
  assert.equal(locations.get('Service default/a'), `${directory}/a.yaml:2`);
  assert.equal(locations.get('Service default/b'), `${directory}/b.txt:1`);
  assert.equal(files, 2);
  assert.deepEqual(faults, []);
});

test('reads a file once that is named twice', async () => {
  const { faults, files } = await loadManifests([directory, join(directory, './a.yaml')]);
  assert.equal(files, 1);
  assert.deepEqual(faults, []);
});

test('a directory without manifests and a file that does not exist are faults', async () => {
  const empty = join(directory, 'empty');
  const missing = join(directory, 'missing');
  const { faults } = await loadManifests([empty, missing]);
  assert.deepEqual(faults, [
    { location: empty, message: 'holds no .yaml, .yml or .json file' },
    { location: missing, message: 'no such file' },
  ]);
});
