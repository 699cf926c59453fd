/** The value of Date. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createHttpDate } from '../../../src/proxy/http-date.ts';

describe('the date of a response', () => {
  it('is in the form of RFC 9110, and the second that it is', () => {
    let nowMs = Date.UTC(1994, 10, 6, 8, 49, 37, 999);
    const date = createHttpDate(() => nowMs);
    assert.equal(date(), 'Sun, 06 Nov 1994 08:49:37 GMT');
    nowMs += 1;
    assert.equal(date(), 'Sun, 06 Nov 1994 08:49:38 GMT');
    nowMs -= 3_600_000;
    assert.equal(date(), 'Sun, 06 Nov 1994 07:49:38 GMT');
  });
});
