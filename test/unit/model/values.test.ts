/** Small values of the vocabulary: durations, redaction, faults. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { parseDuration } from '../../../src/model/duration.ts';
import { formatPath } from '../../../src/model/faults.ts';
import { REASONS } from '../../../src/model/reasons.ts';
import { Redacted } from '../../../src/model/redacted.ts';

const DURATIONS = [
  { text: '300ms', want: 300 },
  { text: '5s', want: 5_000 },
  { text: '10m', want: 600_000 },
  { text: '1h', want: 3_600_000 },
  { text: '0s', want: 0 },
  { text: '', want: undefined },
  { text: '5', want: undefined },
  { text: '-5s', want: undefined },
  { text: '1.5s', want: undefined },
  { text: '05s', want: undefined },
  { text: '1h30m', want: undefined },
  { text: '5 s', want: undefined },
];
for (const { text, want } of DURATIONS) {
  test(`duration ${JSON.stringify(text)} is ${want}`, () => assert.equal(parseDuration(text), want));
}

test('a redacted value shows in no ordinary way', () => {
  const secret = new Redacted('marked-secret');
  const shown = [
    String(secret),
    ['', secret].join(''),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ a: [secret] }, { showHidden: true, depth: 9 }),
  ];
  for (const text of shown) assert.doesNotMatch(text, /marked-secret/);
  assert.equal(secret.reveal(), 'marked-secret');
});

test('paths read as in documents', () => {
  assert.equal(formatPath(['spec', 'rules', 0, 'http', 'paths', 12]), 'spec.rules[0].http.paths[12]');
});

test('every reason has an error status, a title and a remedy', () => {
  for (const [reason, row] of Object.entries(REASONS)) {
    assert.match(reason, /^[A-Z][A-Za-z]+$/);
    assert.ok(row.status >= 400 && row.status < 600);
    assert.ok(row.title.length > 0 && !row.title.endsWith('.'));
    assert.ok(row.remedy.endsWith('.') || row.remedy.endsWith('`.'));
  }
});
