/** A directory of manifests is read, and followed through everything that editors, tools and kubelets do to it. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { openFileSource } from '../../../src/files/source.ts';
import type { ObjectSource } from '../../../src/decode/source.ts';
import type { LogFields, Logger } from '../../../src/telemetry/ports.ts';
import { eventually } from '../../support/eventually.ts';

function service(name: string, port = 80): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: {ports: [{port: ${port}}]}\n`;
}

interface Opened {
  readonly directory: string;
  readonly source: ObjectSource;
  readonly logged: readonly string[];
  readonly changes: () => number;
  /** Waits until the source holds exactly these Services, by name and port. */
  readonly holds: (...want: readonly string[]) => Promise<void>;
  /** Waits until the source has exactly these faults. */
  readonly complains: (...want: readonly string[]) => Promise<void>;
}

async function opened(t: TestContext, files: Readonly<Record<string, string>>): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'manifests-'));
  t.after(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return await follow(t, directory);
}

async function follow(t: TestContext, directory: string): Promise<Opened> {
  const logged: string[] = [];
  const log =
    (level: string) =>
    ({ location }: LogFields, message: string): void =>
      void logged.push(`${level} ${String(location)} ${message}`);
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  let changes = 0;
  const source = openFileSource({ directory, logger, onChange: () => (changes += 1) });
  t.after(() => source.close());
  const same = (what: string, found: () => readonly string[], want: readonly string[]): Promise<unknown> =>
    eventually(what, () => {
      assert.deepEqual(found().toSorted(), want.toSorted());
      return Promise.resolve(true);
    });
  return {
    directory,
    source,
    logged,
    changes: () => changes,
    async holds(...want) {
      await same(`services ${want.join(', ')}`, () => services(source), want);
    },
    async complains(...want) {
      const faults = (): string[] => source.faults().map(({ location, message }) => `${location} ${message}`);
      await same(`faults ${want.join(', ')}`, faults, want);
    },
  };
}

function services(source: ObjectSource): string[] {
  return Array.from(source.snapshot().services.values(), (decoded) =>
    decoded.kind === 'valid' ? `${decoded.meta.name}:${decoded.value.ports[0]?.port}` : decoded.meta.name,
  );
}

test('has read everything when it is synced', async (t) => {
  const { source } = await opened(t, {
    'a.yaml': service('a'),
    'sub/deeper/b.yml': service('b'),
    'c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' }, spec: {} }),
    'notes.txt': service('no'),
    '.hidden.yaml': service('no'),
    '.git/x.yaml': service('no'),
  });
  await source.synced;
  assert.deepEqual(services(source).toSorted(), ['a:80', 'b:80', 'c:undefined']);
  assert.deepEqual(source.faults(), []);
});

test('follows files that are added, changed and deleted, in new directories too', async (t) => {
  const { directory, source, holds, changes } = await opened(t, { 'a.yaml': service('a') });
  await source.synced;
  const before = source.snapshot();
  await writeFile(join(directory, 'b.yaml'), service('b'));
  await holds('a:80', 'b:80');
  await writeFile(join(directory, 'a.yaml'), service('a', 81));
  await holds('a:81', 'b:80');
  await mkdir(join(directory, 'new'));
  await writeFile(join(directory, 'new/c.yaml'), service('c'));
  await holds('a:81', 'b:80', 'c:80');
  await unlink(join(directory, 'a.yaml'));
  await holds('b:80', 'c:80');
  await rm(join(directory, 'new'), { recursive: true });
  await holds('b:80');
  assert.ok(changes() >= 5);
  assert.equal(before.services.size, 1, 'a snapshot stays as it was');
});

test('follows a file that is renamed, and one that is replaced by a rename', async (t) => {
  const { directory, source, holds } = await opened(t, { 'a.yaml': service('a') });
  await source.synced;
  await writeFile(join(directory, '.a.yaml.tmp'), service('a', 81));
  await rename(join(directory, '.a.yaml.tmp'), join(directory, 'a.yaml'));
  await holds('a:81');
  await rename(join(directory, 'a.yaml'), join(directory, 'z.yaml'));
  await writeFile(join(directory, 'z2.yaml'), service('b'));
  await holds('a:81', 'b:80');
  await rename(join(directory, 'z.yaml'), join(directory, 'z.txt'));
  await holds('b:80');
});

test('a file that cannot be parsed keeps what its last good version gave, loudly, until it is mended', async (t) => {
  const { directory, source, holds, complains, logged } = await opened(t, {
    'a.yaml': `${service('a')}---\n${service('b')}`,
  });
  await source.synced;
  await writeFile(join(directory, 'a.yaml'), `${service('a', 81)}---\n${service('b')}  x: [`);
  await eventually('a fault', () => Promise.resolve(source.faults().length > 0));
  await holds('a:80', 'b:80');
  const [fault] = source.faults();
  assert.match(fault?.location ?? '', /^a\.yaml:\d+$/);
  assert.match(fault?.message ?? '', /^not valid YAML: this line /);
  assert.ok(logged.some((line) => line.startsWith('error a.yaml:')));
  await writeFile(join(directory, 'a.yaml'), service('a', 82));
  await holds('a:82');
  await complains();
  assert.ok(logged.some((line) => line.startsWith('info a.yaml:') && line.includes('mended: ')));
});

test('an object that loses its name keeps the whole file as it was', async (t) => {
  const { directory, source, holds, complains } = await opened(t, {
    'a.yaml': `${service('a')}---\n${service('b')}`,
  });
  await source.synced;
  await writeFile(join(directory, 'a.yaml'), `${service('a', 81)}---\nkind: Service\n`);
  await complains('a.yaml:6 apiVersion: must be set');
  await holds('a:80', 'b:80');
});

test('takes what it can from a file that never was well', async (t) => {
  const { directory, source, holds, complains } = await opened(t, {
    'a.yaml': `${service('a')}---\nkind: Service\n`,
  });
  await source.synced;
  await holds('a:80');
  await complains('a.yaml:6 apiVersion: must be set');
  await writeFile(join(directory, 'a.yaml'), `${service('a', 81)}---\nkind: Service\n`);
  await holds('a:81');
});

test('an invalid object takes the place of its valid version', async (t) => {
  const { directory, source, holds, complains } = await opened(t, { 'a.yaml': service('a') });
  await source.synced;
  await writeFile(join(directory, 'a.yaml'), service('a', 0));
  await holds('a');
  await complains();
});

test('does not read a file while it is being written', async (t) => {
  const { directory, source, holds } = await opened(t, { 'a.yaml': `${service('a')}---\n${service('b')}` });
  await source.synced;
  const seen = new Set<string>();
  const watching = setInterval(() => seen.add(services(source).join(' ')), 2);
  t.after(() => clearInterval(watching));
  // Each write leaves valid YAML that lacks an object.
  const parts = ['', service('a', 81), '---\n', service('b', 81)];
  let text = '';
  for (const part of parts) {
    text += part;
    await writeFile(join(directory, 'a.yaml'), text);
  }
  await holds('a:81', 'b:81');
  assert.deepEqual(
    [...seen].filter((state) => state.split(' ').length !== 2),
    [],
  );
});

test('the same object in two files is a fault; the file that comes first by name counts', async (t) => {
  const { directory, source, holds, complains } = await opened(t, {
    'b.yaml': `# two\n${service('a', 82)}`,
    'a.yaml': service('a', 81),
  });
  await source.synced;
  await holds('a:81');
  await complains('b.yaml:2 Service shop/a is already in a.yaml:1; this one is ignored');
  await unlink(join(directory, 'a.yaml'));
  await holds('a:82');
  await complains();
});

test('refuses files that are too large or not text', async (t) => {
  const { source, complains } = await opened(t, {
    'large.yaml': `# ${'x'.repeat(4 * 1024 * 1024)}`,
    'fine.yaml': service('a'),
  });
  await source.synced;
  assert.deepEqual(services(source), ['a:80']);
  await complains('large.yaml must be at most 4194304 bytes');
});

test('refuses a file that is not UTF-8', async (t) => {
  const { directory, source, complains } = await opened(t, {});
  await source.synced;
  await writeFile(join(directory, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
  await complains('latin.yaml must be UTF-8 text');
});

test('follows a mounted ConfigMap, whose files all change at once', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'manifests-'));
  t.after(() => rm(directory, { recursive: true }));
  const version = async (name: string, port: number): Promise<void> => {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'a.yaml'), service('a', port));
  };
  await version('..2026_1', 81);
  await symlink('..2026_1', join(directory, '..data'));
  await symlink('..data/a.yaml', join(directory, 'a.yaml'));
  const { source, holds, complains } = await follow(t, directory);
  await source.synced;
  await holds('a:81');
  await version('..2026_2', 82);
  await symlink('..2026_2', join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
  await rm(join(directory, '..2026_1'), { recursive: true });
  await holds('a:82');
  await complains();
});

test('survives links that lead nowhere and links to a directory above', async (t) => {
  const { directory, source, holds, complains } = await opened(t, { 'a.yaml': service('a') });
  await source.synced;
  await symlink('nowhere.yaml', join(directory, 'dangling.yaml'));
  await symlink('.', join(directory, 'loop'));
  await writeFile(join(directory, 'b.yaml'), service('b'));
  await holds('a:80', 'b:80');
  await complains();
});

test('waits for a directory that is not there yet, and keeps its objects when it vanishes', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'manifests-'));
  t.after(() => rm(parent, { recursive: true }));
  const directory = join(parent, 'later');
  const { source, holds, complains } = await follow(t, directory);
  await complains(`${directory} no such directory`);
  let isSynced = false;
  void source.synced.then(() => (isSynced = true));
  assert.equal(isSynced, false);
  await mkdir(directory);
  await writeFile(join(directory, 'a.yaml'), service('a'));
  await source.synced;
  await holds('a:80');
  await complains();
  await rename(directory, join(parent, 'away'));
  await complains(`${directory} no such directory`);
  await holds('a:80');
  await rename(join(parent, 'away'), directory);
  await complains();
  await writeFile(join(directory, 'a.yaml'), service('a', 81));
  await holds('a:81');
});

test('reports nothing and does nothing after it is closed', async (t) => {
  const { directory, source, changes } = await opened(t, { 'a.yaml': service('a') });
  await source.synced;
  await source.close();
  const before = changes();
  await writeFile(join(directory, 'a.yaml'), service('a', 81));
  const other = await follow(t, directory);
  await other.source.synced;
  await other.holds('a:81');
  assert.equal(changes(), before);
  assert.deepEqual(services(source), ['a:80']);
});
