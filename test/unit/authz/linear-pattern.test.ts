/** Patterns mean what they mean elsewhere, match as a whole, and take no time. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { compilePattern, MAX_INPUT_LENGTH } from '../../../src/authz/linear-pattern.ts';

function matches(pattern: string, input: string): boolean {
  const compiled = compilePattern(pattern);
  assert.equal(compiled.kind, 'valid', compiled.kind === 'invalid' ? `${pattern}: ${compiled.fault}` : '');
  return compiled.kind === 'valid' && compiled.test(input);
}

describe('a pattern', () => {
  const cases: readonly { pattern: string; holds: readonly string[]; fails: readonly string[] }[] = [
    { pattern: '', holds: [''], fails: ['a'] },
    { pattern: 'abc', holds: ['abc'], fails: ['ab', 'abcd', 'xabc', 'ABC'] },
    { pattern: '^abc$', holds: ['abc'], fails: ['abcd'] },
    { pattern: '^a|b$', holds: ['a', 'b'], fails: ['ab', 'xb'] },
    { pattern: 'a.c', holds: ['abc', 'a😀c', 'a\rc'], fails: ['ac', 'a\nc'] },
    { pattern: 'a*', holds: ['', 'aaa'], fails: ['b', 'ab'] },
    { pattern: 'a+?', holds: ['a', 'aa'], fails: [''] },
    { pattern: 'ab?c', holds: ['ac', 'abc'], fails: ['abbc'] },
    { pattern: 'a{2}', holds: ['aa'], fails: ['a', 'aaa'] },
    { pattern: 'a{2,}', holds: ['aa', 'aaaa'], fails: ['a'] },
    { pattern: 'a{0,2}', holds: ['', 'a', 'aa'], fails: ['aaa'] },
    { pattern: '(ab|c)+', holds: ['ab', 'cabc'], fails: ['', 'a', 'ba'] },
    { pattern: '(?:a|)b', holds: ['b', 'ab'], fails: ['aab'] },
    { pattern: '(a*)*b', holds: ['b', 'aaab'], fails: ['a'] },
    { pattern: '[a-cx]', holds: ['a', 'b', 'c', 'x'], fails: ['d', '-', ''] },
    { pattern: '[^a-c]', holds: ['d', '\n', '😀'], fails: ['a', '', 'dd'] },
    { pattern: '[a-]', holds: ['a', '-'], fails: ['b'] },
    { pattern: '[-a.$^*]', holds: ['-', '.', '$', '^', '*'], fails: ['b'] },
    { pattern: '[\\]\\\\\\d]', holds: [']', '\\', '7'], fails: ['d'] },
    { pattern: '[^\\D]', holds: ['7'], fails: ['a'] },
    { pattern: '[😀-😂]', holds: ['😁'], fails: ['😃'] },
    { pattern: '\\d\\w\\s', holds: ['1_ ', '9a\t'], fails: ['a1 ', '1é ', '1a\u00a0'] },
    { pattern: '\\D\\W\\S', holds: ['aé1', ' -_'], fails: ['1-a', 'aaa', 'a- '] },
    { pattern: '\\n\\r\\t', holds: ['\n\r\t'], fails: ['nrt'] },
    { pattern: 'https://a\\.b/\\?\\$\\{\\}', holds: ['https://a.b/?${}'], fails: ['https://aXb/?${}'] },
    { pattern: 'a]}', holds: ['a]}'], fails: ['a'] },
  ];
  for (const { pattern, holds, fails } of cases) {
    it(`${pattern} matches the whole of what it describes`, () => {
      for (const input of holds) assert.equal(matches(pattern, input), true, JSON.stringify(input));
      for (const input of fails) assert.equal(matches(pattern, input), false, JSON.stringify(input));
    });
  }

  it('means what it means to a backtracking engine', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\.', '(?:a|bc)', '(b*)', '(a|)');
    const part = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,}', '{0,2}'))
      .map((pair) => pair.join(''));
    const branch = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''));
    const pattern = fc.array(branch, { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|'));
    const input = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), maxLength: 7 });
    fc.assert(
      fc.property(pattern, input, (text, given) => {
        assert.equal(matches(text, given), new RegExp(`^(?:${text})$`, 'u').test(given));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes time in proportion to the input where backtracking would take years', () => {
    const input = `${'a'.repeat(MAX_INPUT_LENGTH - 1)}b`;
    for (const pattern of ['(a+)+', '(a|a)*', '(a*)*c', '(.*a){20}'])
      assert.equal(matches(pattern, input), false);
  });

  it('matches no input above the bound', () => {
    assert.equal(matches('a*', 'a'.repeat(MAX_INPUT_LENGTH)), true);
    assert.equal(matches('a*', 'a'.repeat(MAX_INPUT_LENGTH + 1)), false);
  });
});

describe('a pattern that cannot be read', () => {
  const cases: readonly { given: string; want: string }[] = [
    { given: '(a', want: 'the group is not closed by ) (character 3)' },
    { given: '(a$', want: 'the group is not closed by ) (character 3)' },
    { given: 'a)', want: 'the ) closes no group (character 2)' },
    { given: '*a', want: 'there is nothing to repeat (character 1)' },
    { given: 'a|{2}', want: 'there is nothing to repeat (character 3)' },
    { given: 'a**', want: 'a repetition must not follow a repetition (character 3)' },
    { given: 'a{2}{3}', want: 'a repetition must not follow a repetition (character 5)' },
    { given: 'a++', want: 'a repetition must not follow a repetition (character 3)' },
    { given: 'a{101}', want: 'bounds must be {m}, {m,} or {m,n} with m <= n <= 100 (character 3)' },
    { given: 'a{1,101}', want: 'bounds must be {m}, {m,} or {m,n} with m <= n <= 100 (character 3)' },
    { given: 'a{3,2}', want: 'bounds must be {m}, {m,} or {m,n} with m <= n <= 100 (character 3)' },
    { given: 'a{,2}', want: 'bounds must be {m}, {m,} or {m,n} with m <= n <= 100 (character 3)' },
    { given: 'a{', want: 'bounds must be {m}, {m,} or {m,n} with m <= n <= 100 (character 3)' },
    { given: 'a{x}', want: 'bounds must be {m}, {m,} or {m,n} with m <= n <= 100 (character 3)' },
    { given: '[a', want: 'the class is not closed by ] (character 3)' },
    { given: '[]', want: 'the class must hold a character (character 2)' },
    { given: '[b-a]', want: 'a range must go from one character to one that is not before it (character 5)' },
    {
      given: '[\\d-z]',
      want: 'a range must go from one character to one that is not before it (character 6)',
    },
    { given: '[[:alpha:]]', want: 'a [ in a class must be escaped (character 2)' },
    {
      given: '\\',
      want: 'the escape is not one of \\d \\w \\s \\D \\W \\S \\n \\r \\t or punctuation (character 2)',
    },
    {
      given: '\\1',
      want: 'the escape is not one of \\d \\w \\s \\D \\W \\S \\n \\r \\t or punctuation (character 2)',
    },
    {
      given: '\\b',
      want: 'the escape is not one of \\d \\w \\s \\D \\W \\S \\n \\r \\t or punctuation (character 2)',
    },
    { given: '(?=a)', want: 'a group must be ( ) or (?: ) (character 3)' },
    { given: '(?i)a', want: 'a group must be ( ) or (?: ) (character 3)' },
    { given: 'a^b', want: 'a ^ may only open the pattern (character 2)' },
    { given: 'a$b', want: 'a $ may only close the pattern (character 2)' },
    { given: '((a{100}){100}){100}', want: 'pattern repeats too much: write it shorter' },
    { given: 'a'.repeat(513), want: 'pattern must not exceed 512 characters' },
  ];
  for (const { given, want } of cases) {
    it(`is a fault: ${given.slice(0, 30)}`, () => {
      const compiled = compilePattern(given);
      assert.equal(compiled.kind === 'invalid' ? compiled.fault : 'valid', want);
    });
  }

  it('is never a crash, and never slow to refuse', () => {
    const piece = fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '{100}',
      '*',
      '\\',
      '^',
      '$',
      '-',
      '|',
      '?',
      ':',
      'a',
      '😀',
      ',',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }).map((parts) => parts.join('')),
        fc.string(),
        (pattern, input) => {
          const compiled = compilePattern(pattern);
          if (compiled.kind === 'valid') compiled.test(input);
          else assert.notEqual(compiled.fault, '');
        },
      ),
      {
        numRuns: 1_000,
        examples: [
          ['('.repeat(512), ''],
          [`${'('.repeat(250)}a${')'.repeat(250)}`, 'a'],
        ],
      },
    );
  });
});
