/** Bodies in small frames: nothing is lost or moved, and what waits is not kept piece by piece. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { gatherPieces } from '../../../src/proxy/gather-pieces.ts';

const KIB = 1024;
/** As a stream of Node is that is given what comes, whoever asks. */
const createStream = (): Duplex => new Duplex({ read() {}, highWaterMark: 16 * KIB });

function collect(stream: Duplex): readonly Buffer[] {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return pieces;
}

describe('a body that nobody reads yet', () => {
  it('is kept in blocks, however small its pieces are', async () => {
    const stream = createStream();
    for (let count = 0; count < 1_000; count++) stream.push(Buffer.of(count));
    gatherPieces(stream);
    for (let count = 1_000; count < 100_000; count++) stream.push(Buffer.of(count));
    stream.push(null);
    const pieces = collect(stream);
    await once(stream, 'end');
    assert.deepEqual(
      Buffer.concat(pieces),
      Buffer.from(Array.from({ length: 100_000 }, (_, index) => index)),
    );
    assert.ok(pieces.length < 30, `${pieces.length} pieces`);
  });

  it('keeps nothing else of what came with it', () => {
    const stream = createStream();
    gatherPieces(stream);
    stream.push(Buffer.of(1));
    const read = Buffer.alloc(64 * KIB);
    stream.push(read.subarray(100, 20_000));
    const pieces = collect(stream);
    stream.emit('resume');
    stream.read();
    assert.ok(pieces.every(({ buffer }) => buffer !== read.buffer));
  });

  it('says when it is enough', () => {
    const stream = createStream();
    gatherPieces(stream);
    assert.equal(stream.push(Buffer.alloc(8 * KIB)), true);
    assert.equal(stream.push(Buffer.alloc(4 * KIB)), true);
    assert.equal(stream.push(Buffer.alloc(4 * KIB)), false);
  });
});

describe('a body that is read now and then', () => {
  it('arrives whole and in order, and ends', async () => {
    const steps = fc.array(
      fc.oneof(fc.nat({ max: 9_000 }), fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const)),
    );
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const stream = createStream();
        gatherPieces(stream);
        const pieces = collect(stream);
        const sent: Buffer[] = [];
        for (const step of given) {
          if (step === 'turn') await new Promise((resolve) => void setImmediate(resolve));
          else if (typeof step === 'string') stream[step]();
          else {
            const piece = Buffer.alloc(step, sent.length);
            sent.push(piece);
            stream.push(piece);
          }
        }
        stream.push(null);
        const ended = once(stream, 'end');
        stream.resume();
        await ended;
        assert.deepEqual(Buffer.concat(pieces), Buffer.concat(sent));
      }),
    );
  });
});
