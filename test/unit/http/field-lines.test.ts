/** Field lines are read in one way or not at all. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { fieldLines, isToken, readFieldLines } from '../../../src/http/field-lines.ts';

const NAME = 'a header name is not valid';
const VALUE = 'a header value holds a control character';

describe('field lines', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: string;
    readonly want: string[] | string;
  }[] = [
    { name: 'none', given: '', want: [] },
    {
      name: 'several, in order and as spelled',
      given: 'B: 1\r\na: 2\r\nB: 3\r\n',
      want: ['B', '1', 'a', '2', 'B', '3'],
    },
    { name: 'without a value', given: 'A:\r\nB: \t \r\n', want: ['A', '', 'B', ''] },
    {
      name: 'with white space around and within a value',
      given: 'A: \t a \t b\t \r\n',
      want: ['A', 'a \t b'],
    },
    {
      name: 'with colons and bytes above ASCII in a value',
      given: 'A::\xe9\xff\r\n',
      want: ['A', ':\xe9\xff'],
    },
    {
      name: 'with every character of a token',
      given: "!#$%&'*+-.^_`|~0aZ: 1\r\n",
      want: ["!#$%&'*+-.^_`|~0aZ", '1'],
    },
    { name: 'without a name', given: ': 1\r\n', want: NAME },
    { name: 'without a colon', given: 'A\r\n', want: NAME },
    { name: 'with white space before the colon', given: 'A : 1\r\n', want: NAME },
    { name: 'with white space in front', given: ' A: 1\r\n', want: NAME },
    { name: 'that are continued', given: 'A: 1\r\n 2\r\n', want: NAME },
    { name: 'with a byte above ASCII in a name', given: '\xc4: 1\r\n', want: NAME },
    { name: 'with a NUL in a value', given: 'A: \0\r\n', want: VALUE },
    { name: 'with DEL in a value', given: 'A: \x7f\r\n', want: VALUE },
    { name: 'with a vertical tab around a value', given: 'A:\x0b1\r\n', want: VALUE },
    { name: 'with a line feed alone', given: 'A: 1\nB: 2\r\n', want: VALUE },
    { name: 'with a carriage return alone', given: 'A: 1\rB: 2\r\n', want: VALUE },
    { name: 'with two carriage returns', given: 'A: 1\r\r\n', want: VALUE },
    { name: 'without an end', given: 'A: 1', want: VALUE },
    { name: 'with an empty line among them', given: 'A: 1\r\n\r\nB: 2\r\n', want: NAME },
  ];
  for (const { name, given, want } of cases) {
    it(`${typeof want === 'string' ? 'are refused' : 'are read'}: ${name}`, () => {
      assert.deepEqual(readFieldLines(given, 0), want);
      assert.deepEqual(readFieldLines(`GET / HTTP/1.1\r\n${given}`, 16), want);
    });
  }

  const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
  const value = fc.stringMatching(/^(?:[!-~\xa0-\xff](?:[\t -~\xa0-\xff]*[!-~\xa0-\xff])?)?$/);

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value)), (lines) => {
        assert.deepEqual(readFieldLines(fieldLines(lines.flat()), 0), lines.flat());
      }),
    );
  });

  it('never give a name or a value that would end a line', () => {
    const text = fc.string({ unit: fc.constantFrom('A', ':', ' ', '\t', '\r', '\n', '\0', '\xe9') });
    fc.assert(
      fc.property(text, (text) => {
        const read = readFieldLines(`${text}\r\n`, 0);
        if (typeof read === 'string') return;
        assert.doesNotMatch(read.join(''), /[\r\n\0]/);
        assert.ok(read.every((name, at) => at % 2 === 1 || isToken(name)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a token', () => {
  it('has at least one character, and only those of RFC 9110', () => {
    for (const text of ['GET', 'm-search', '1', '!']) assert.ok(isToken(text), text);
    for (const text of ['', 'a b', 'a:', 'a\t', '\xe9', 'a/b', '(', '"', 'a\0'])
      assert.ok(!isToken(text), text);
  });
});
