/** Where the head of a request ends, and from when on it is none. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { HeadReader, withoutEmptyLines, type FoundHead } from '../../../../src/proxy/http1/head-reader.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n';

/** As a connection reads: with all that has come, each time. */
function read(pieces: readonly string[], maxBytes = 100): FoundHead {
  const reader = new HeadReader(maxBytes);
  let bytes = Buffer.alloc(0);
  let found: FoundHead = { kind: 'incomplete' };
  for (const piece of pieces) {
    bytes = Buffer.concat([bytes, Buffer.from(piece, 'latin1')]);
    found = reader.read(bytes);
    if (found.kind !== 'incomplete') break;
  }
  return found;
}

describe('the head of a request', () => {
  it('ends with an empty line, and what is behind it is left', () => {
    const want = { kind: 'whole', text: HEAD, end: HEAD.length + 2 };
    assert.deepEqual(read([`${HEAD}\r\nGET`]), want);
  });

  it('is found wherever it is cut', () => {
    const want = { kind: 'whole', text: HEAD, end: HEAD.length + 2 };
    const text = `${HEAD}\r\n`;
    for (let at = 0; at <= text.length; at += 1) {
      assert.deepEqual(read([text.slice(0, at), text.slice(at)]), want, `cut at ${at}`);
    }
    assert.deepEqual(read(text.split('')), want);
  });

  it('may be as large as the limit, wherever it is cut, and no larger', () => {
    const text = `${HEAD}\r\n`;
    for (let at = 0; at <= text.length; at += 1) {
      const pieces = [text.slice(0, at), text.slice(at)];
      assert.equal(read(pieces, HEAD.length).kind, 'whole', `cut at ${at}`);
      assert.equal(read(pieces, HEAD.length - 1).kind, 'tooLarge', `cut at ${at}`);
    }
  });

  it('that is too large is given up before its end, with what is known of it', () => {
    assert.deepEqual(read([HEAD], HEAD.length - 2), { kind: 'tooLarge', text: HEAD });
    assert.deepEqual(read([HEAD], HEAD.length), { kind: 'incomplete' });
  });

  const unsound: readonly { readonly name: string; readonly given: string }[] = [
    { name: 'a handshake of TLS', given: '\x16\x03\x01\x02\x00\x01' },
    { name: 'a line feed alone', given: 'GET / HTTP/1.1\n' },
    { name: 'a line feed at its beginning', given: '\n' },
    { name: 'a NUL', given: 'GET / HTTP/1.1\r\nX: \0' },
    { name: 'DEL', given: 'GET /\x7f' },
  ];
  for (const { name, given } of unsound) {
    it(`is none, before its end has come, with ${name}`, () => {
      assert.deepEqual(read([given]), { kind: 'malformed' });
      assert.deepEqual(read(given.split('')), { kind: 'malformed' });
    });
  }

  it('begins behind empty lines, one of which may still be under way', () => {
    const cases = [
      { given: HEAD, want: HEAD },
      { given: `\r\n\r\n${HEAD}`, want: HEAD },
      { given: '\r\n\r\n', want: '' },
      { given: '\r\n\r', want: '\r' },
      { given: '\r\r\n', want: '\r\r\n' },
      { given: '', want: '' },
    ];
    for (const { given, want } of cases) {
      assert.equal(withoutEmptyLines(Buffer.from(given)).toString(), want, JSON.stringify(given));
    }
  });
});
