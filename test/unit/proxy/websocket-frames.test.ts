/** Where frames of a WebSocket end, however their bytes are cut. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { WebSocketFrames } from '../../../src/proxy/websocket-frames.ts';

/** Lengths of one, two and eight bytes; `isMasked` as callers send them. */
function frame(payloadBytes: number, isMasked: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const head =
    payloadBytes < 126
      ? Buffer.of(0x82, mask | payloadBytes)
      : Buffer.concat([Buffer.of(0x82, mask | (payloadBytes < 65_536 ? 126 : 127)), length(payloadBytes)]);
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0, 0xff), Buffer.alloc(payloadBytes, 0x88)]);
}

function length(payloadBytes: number): Buffer {
  const bytes = Buffer.alloc(payloadBytes < 65_536 ? 2 : 8);
  if (payloadBytes < 65_536) bytes.writeUInt16BE(payloadBytes);
  else bytes.writeBigUInt64BE(BigInt(payloadBytes));
  return bytes;
}

describe('frames of a WebSocket', () => {
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 70_000]) {
    it(`of ${size} bytes end where they end`, () => {
      for (const isMasked of [false, true]) {
        const bytes = Buffer.concat([frame(size, isMasked), frame(3, isMasked)]);
        const frames = new WebSocketFrames();
        assert.equal(frames.followOne(bytes, 0), bytes.length - frame(3, isMasked).length);
        assert.equal(frames.isBetween, true);
      }
    });
  }

  it('are under way at every place within them, and nowhere else', () => {
    const given = fc.array(fc.record({ size: fc.integer({ min: 0, max: 300 }), isMasked: fc.boolean() }));
    fc.assert(
      fc.property(given, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (wanted, pieces) => {
        const all = wanted.map(({ size, isMasked }) => frame(size, isMasked));
        const bytes = Buffer.concat(all);
        const ends = new Set([0]);
        let end = 0;
        for (const { length } of all) ends.add((end += length));
        const frames = new WebSocketFrames();
        for (let at = 0; at < bytes.length;) {
          const next = at + pieces.next().value;
          frames.follow(bytes.subarray(at, next));
          at = Math.min(next, bytes.length);
          assert.equal(frames.isBetween, ends.has(at), `at ${at}`);
        }
      }),
    );
  });
});
