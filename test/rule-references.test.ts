/** The references that go rule by rule name a test for each, and each test that they name exists. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

/** With the number of rules that each has at least. */
const PAGES = { 'docs/reference/ingress.md': 40, 'docs/reference/http.md': 75 };
const ROW = /^\| (.+) \| (.+) \|$/;
/** A file and, unless it is a golden case, a title in it. */
const PROOF = /^`(test\/[\w./-]+)`(?:: (.+))?$/;

for (const [page, least] of Object.entries(PAGES)) {
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, rule, proofs] = ROW.exec(line) ?? [];
      return rule === undefined || proofs === undefined || proofs === 'proven by' ? [] : [{ rule, proofs }];
    });

  test(`${page} has its rules`, () => {
    assert.ok(rows.length >= least, `only ${rows.length} rules`);
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
}
