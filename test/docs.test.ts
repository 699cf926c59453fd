/** The documentation is held to the code: examples decode, links resolve, flags and reasons exist. */

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { SERVE_FLAGS } from '../src/config/serve.ts';
import { decodeObject } from '../src/decode/decode-object.ts';
import { REASONS } from '../src/model/reasons.ts';

const PAGES = ['README.md', ...globSync('docs/**/*.md')].sort();
const OTHER_FLAGS = ['manifests', 'kubeconfig', 'method', 'help'];

function blocks(page: string, language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return [...readFileSync(page, 'utf8').matchAll(fence)].map((match) => match[1] ?? '');
}

for (const page of PAGES) {
  test(`the manifests in ${page} decode without a fault`, () => {
    for (const block of blocks(page, 'yaml')) {
      for (const document of parseAllDocuments(block)) {
        assert.deepEqual(document.errors, []);
        const object = decodeObject(document.toJS());
        assert.ok('decoded' in object, `not an object that the gateway reads:\n${block}`);
        assert.deepEqual(object.decoded.kind === 'invalid' ? object.decoded.faults : [], []);
      }
    }
  });

  test(`the flags of oidc-ingress in ${page} exist`, () => {
    const lines = blocks(page, 'sh').flatMap((block) => block.split('\n'));
    for (const line of lines.filter((candidate) =>
      /^(oidc-ingress|npm run -s oidc-ingress)\b/.test(candidate),
    )) {
      for (const [, flag = ''] of line.matchAll(/\s--([a-z][a-z-]+)/g)) {
        assert.ok(Object.hasOwn(SERVE_FLAGS, flag) || OTHER_FLAGS.includes(flag), `--${flag} in: ${line}`);
      }
    }
  });

  test(`the links in ${page} lead somewhere`, () => {
    for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(existsSync(join(dirname(page), target)), `${target} in ${page}`);
    }
  });
}

test('the reference of reasons lists exactly the reasons of the code, with their status', () => {
  const page = readFileSync('docs/reference/reasons.md', 'utf8');
  const listed = [...page.matchAll(/^\| (?:<a [^>]*><\/a>)?`([A-Za-z]+)` \| (\d{3}) \|/gm)].map(
    ([, reason, status]) => `${reason} ${status}`,
  );
  const known = Object.entries(REASONS).map(([reason, row]) => `${reason} ${row.status}`);
  assert.deepEqual(listed.toSorted(), known.toSorted());
});
