/** Bodies in each framing, however their bytes are cut. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { BodyDecoder, type BodyFraming } from '../../../src/proxy/body-decoder.ts';

class Fault extends Error {}

interface Decoded {
  readonly body: string;
  readonly trailers: readonly string[] | undefined;
  /** Behind the body. */
  readonly rest: string;
  readonly fault: string | undefined;
}

function decode(
  pieces: readonly string[],
  framing: BodyFraming,
  contentLength = 0,
  isClosed = false,
): Decoded {
  let body = '';
  let trailers: readonly string[] | undefined;
  let rest = '';
  const onBody = (bytes: Buffer, start: number, end: number): void => {
    body += bytes.toString('latin1', start, end);
  };
  const onEnd = (raw: readonly string[]): void => {
    trailers = raw;
  };
  const decoder = new BodyDecoder({ onBody, onEnd }, (message) => new Fault(message));
  try {
    decoder.begin(framing, contentLength);
    for (const piece of pieces) {
      // Bytes outside of the piece are none of its business.
      const bytes = Buffer.from(`0\r\n\r\n${piece}\r\n\r\n0\r\n`, 'latin1');
      let at = 5;
      const end = at + piece.length;
      while (at < end && !decoder.isWhole) at = decoder.step(bytes, at, end);
      rest += bytes.toString('latin1', at, end);
    }
    if (isClosed) decoder.finish();
  } catch (error) {
    assert.ok(error instanceof Fault);
    return { body, trailers, rest, fault: error.message };
  }
  return { body, trailers, rest, fault: undefined };
}

describe('a body of known length', () => {
  it('ends with its last byte; what is behind it is left', () => {
    assert.deepEqual(decode(['hel', 'loGET'], 'length', 5), {
      body: 'hello',
      trailers: [],
      rest: 'GET',
      fault: undefined,
    });
  });

  it('ends at once where it is empty', () => {
    assert.deepEqual(decode(['GET'], 'length', 0), { body: '', trailers: [], rest: 'GET', fault: undefined });
  });

  it('must not end with its connection before', () => {
    const { trailers, fault } = decode(['hel'], 'length', 5, true);
    assert.deepEqual([trailers, fault], [undefined, 'the connection closed within the body']);
  });

  it('says how much is still to come; one in chunks does not', () => {
    const decoder = new BodyDecoder({ onBody: () => {}, onEnd: () => {} }, (message) => new Fault(message));
    assert.equal(decoder.remaining, 0);
    decoder.begin('length', 5);
    assert.equal(decoder.step(Buffer.from('hel'), 0, 3), 3);
    assert.equal(decoder.remaining, 2);
    decoder.begin('chunked', 0);
    assert.equal(decoder.remaining, undefined);
  });

  it('counts a piece as still to come until it has been taken', () => {
    const left: unknown[] = [];
    const onBody = (): void => void left.push(decoder.remaining);
    const decoder = new BodyDecoder({ onBody, onEnd: () => {} }, (message) => new Fault(message));
    decoder.begin('length', 5);
    decoder.step(Buffer.from('hel'), 0, 3);
    decoder.step(Buffer.from('lo'), 0, 2);
    assert.deepEqual([...left, decoder.remaining], [5, 2, 0]);
  });
});

describe('a body that ends with its connection', () => {
  it('has all bytes until then', () => {
    assert.deepEqual(decode(['0\r\n\r\n', 'b'], 'close', 0, true), {
      body: '0\r\n\r\nb',
      trailers: [],
      rest: '',
      fault: undefined,
    });
  });
});

describe('a body in chunks', () => {
  const good: readonly {
    readonly name: string;
    readonly given: string;
    readonly body: string;
    readonly trailers?: string[];
  }[] = [
    { name: 'none', given: '0\r\n\r\n', body: '' },
    { name: 'several', given: '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n', body: 'hello!' },
    {
      name: 'sizes in any case, with zeros',
      given: '00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n',
      body: '01234567890123456789',
    },
    { name: 'line ends within', given: '4\r\n\r\n\r\n\r\n0\r\n\r\n', body: '\r\n\r\n' },
    {
      name: 'extensions',
      given: '5;a\r\nhello\r\n1 ; b = c;d="e;\\"f"\r\n!\r\n0;g=h\r\n\r\n',
      body: 'hello!',
    },
    { name: 'trailers', given: '0\r\nX-A: 1\r\nX-A:2\r\n\r\n', body: '', trailers: ['X-A', '1', 'X-A', '2'] },
  ];
  for (const { name, given, body, trailers = [] } of good) {
    it(`is read, however it is cut: ${name}`, () => {
      const want = { body, trailers, rest: 'GET', fault: undefined };
      assert.deepEqual(decode([`${given}GET`], 'chunked'), want);
      assert.deepEqual(decode(`${given}GET`.split(''), 'chunked'), want);
      for (let at = 1; at < given.length; at += 1) {
        assert.deepEqual(
          decode([given.slice(0, at), `${given.slice(at)}GET`], 'chunked'),
          want,
          `cut at ${at}`,
        );
      }
    });
  }

  const SIZE = 'a chunk size is not valid';
  const CR = 'a line of the chunked coding ends without CR';
  const bad: readonly { readonly name: string; readonly given: string; readonly want: string }[] = [
    ...[
      '',
      ' 5',
      '5 ',
      '+5',
      '-5',
      '0x5',
      '5_',
      '5h',
      '5;',
      '5;;a',
      '5;a=',
      '5;a="b',
      '5;a b',
      '5;\xe9',
      '5;a\0',
      '5\r',
      '1234567890123',
    ].map((size) => ({
      name: `the size ${JSON.stringify(size)}`,
      given: `${size}\r\nhello\r\n0\r\n\r\n`,
      want: SIZE,
    })),
    { name: 'a size without CR', given: '5\nhello\r\n0\r\n\r\n', want: CR },
    { name: 'an extension with a line feed', given: '5;a\nb\r\nhello\r\n0\r\n\r\n', want: CR },
    { name: 'a chunk without CR', given: '5\r\nhello\n0\r\n\r\n', want: CR },
    {
      name: 'a chunk that is longer than its size',
      given: '4\r\nhello\r\n0\r\n\r\n',
      want: 'a chunk is longer than its size',
    },
    { name: 'a trailer without CR', given: '0\r\nX-A: 1\n\r\n', want: CR },
    { name: 'a trailer that is none', given: '0\r\nX-A\r\n\r\n', want: 'a header name is not valid' },
    { name: 'a continued trailer', given: '0\r\nX-A: 1\r\n 2\r\n\r\n', want: 'a header name is not valid' },
    {
      name: 'a NUL in a trailer',
      given: '0\r\nX-A: \0\r\n\r\n',
      want: 'a header value holds a control character',
    },
    {
      name: 'an endless extension',
      given: `5;a=${'b'.repeat(2_000)}`,
      want: 'a chunk line or the trailers are too long',
    },
    {
      name: 'endless trailers',
      given: `0\r\n${'X-A: 1\r\n'.repeat(9_000)}`,
      want: 'a chunk line or the trailers are too long',
    },
  ];
  for (const { name, given, want } of bad) {
    it(`is refused, however it is cut: ${name}`, () => {
      for (const pieces of [[given], given.split('')]) {
        const { fault, trailers } = decode(pieces, 'chunked');
        assert.deepEqual([fault, trailers], [want, undefined]);
      }
    });
  }

  it('must not end with its connection, wherever that is', () => {
    const text = '5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n';
    for (let at = 0; at < text.length; at += 1) {
      const { fault } = decode([text.slice(0, at)], 'chunked', 0, true);
      assert.equal(fault, 'the connection closed within the body', `at ${at}`);
    }
  });

  it('is what was put into chunks', () => {
    const chunk = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', '\xff'), minLength: 1 });
    fc.assert(
      fc.property(fc.array(chunk), fc.array(fc.nat(60), { maxLength: 4 }), (chunks, cuts) => {
        const lines = chunks.map((each) => `${each.length.toString(16)}\r\n${each}\r\n`);
        const text = `${lines.join('')}0\r\n\r\n`;
        const places = [0, ...cuts.map((place) => Math.min(place, text.length)), text.length].toSorted(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
        assert.deepEqual(decode(pieces, 'chunked'), {
          body: chunks.join(''),
          trailers: [],
          rest: '',
          fault: undefined,
        });
      }),
    );
  });
});
