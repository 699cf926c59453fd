/** `docs/reference/ingress.md` names a test for each rule, and each test that it names exists. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

const ROW = /^\| (.+) \| (.+) \|$/;
/** A file and, unless it is a golden case, a title in it. */
const PROOF = /^`(test\/[\w./-]+)`(?:: (.+))?$/;

const rows = readFileSync('docs/reference/ingress.md', 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, rule, proofs] = ROW.exec(line) ?? [];
    return rule === undefined || proofs === undefined || rule === 'rule' ? [] : [{ rule, proofs }];
  });

test('the reference of Ingress has its rules', () => {
  assert.ok(rows.length >= 40, `only ${rows.length} rules`);
});

for (const { rule, proofs } of rows) {
  test(`is proven by tests that exist: ${rule}`, () => {
    for (const proof of proofs.split('<br>')) {
      const [, file = '', title] = PROOF.exec(proof) ?? assert.fail(`no file and title: ${proof}`);
      assert.ok(existsSync(file), file);
      if (title === undefined)
        assert.ok(file.startsWith('test/golden/') && statSync(file).isDirectory(), proof);
      else assert.ok(readFileSync(file, 'utf8').includes(title), proof);
    }
  });
}
