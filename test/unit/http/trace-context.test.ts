/** The rules of W3C Trace Context for `traceparent`. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  formatTraceparent,
  parseTraceparent,
  traceOf,
  type Sampling,
  type TraceIds,
} from '../../../src/http/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${SPAN}-01`;

/** Counts up, so that every identifier is another; spans begin with `first`. */
function ids(first = '0'): TraceIds {
  let count = 0;
  return {
    traceId: () => String(++count).padStart(32, '0'),
    spanId: () => first + String(++count).padStart(15, '0'),
  };
}

const ALL: Sampling = { ratio: 1, followsCaller: true };

describe('reading traceparent', () => {
  for (const { name, given, want } of [
    { name: 'a recorded span', given: VALID, want: { traceId: TRACE, spanId: SPAN, isSampled: true } },
    {
      name: 'a span that is not recorded',
      given: `00-${TRACE}-${SPAN}-00`,
      want: { traceId: TRACE, spanId: SPAN, isSampled: false },
    },
    {
      name: 'flags that this version does not know',
      given: `00-${TRACE}-${SPAN}-fe`,
      want: { traceId: TRACE, spanId: SPAN, isSampled: false },
    },
    {
      name: 'a later version',
      given: `cc-${TRACE}-${SPAN}-01`,
      want: { traceId: TRACE, spanId: SPAN, isSampled: true },
    },
    {
      name: 'a later version that says more',
      given: `cc-${TRACE}-${SPAN}-01-what-the-future-will-be`,
      want: { traceId: TRACE, spanId: SPAN, isSampled: true },
    },
    { name: 'no header', given: undefined, want: undefined },
    { name: 'an empty header', given: '', want: undefined },
    { name: 'version ff', given: `ff-${TRACE}-${SPAN}-01`, want: undefined },
    { name: 'version 00 that says more', given: `${VALID}-more`, want: undefined },
    { name: 'a later version with more but no dash', given: `cc-${TRACE}-${SPAN}-01more`, want: undefined },
    { name: 'a trace of zeros', given: `00-${'0'.repeat(32)}-${SPAN}-01`, want: undefined },
    { name: 'a span of zeros', given: `00-${TRACE}-${'0'.repeat(16)}-01`, want: undefined },
    { name: 'capitals', given: VALID.toUpperCase(), want: undefined },
    { name: 'a short trace', given: `00-${TRACE.slice(1)}-${SPAN}-01`, want: undefined },
    { name: 'a digit that is none', given: `00-${TRACE.slice(1)}g-${SPAN}-01`, want: undefined },
    { name: 'white space', given: ` ${VALID}`, want: undefined },
    { name: 'two headers', given: `${VALID},${VALID}`, want: undefined },
    { name: 'a line break', given: `${VALID}\n`, want: undefined },
  ]) {
    it(`${want === undefined ? 'ignores' : 'takes'} ${name}`, () => {
      assert.deepEqual(parseTraceparent(given), want);
    });
  }

  it('reads what it writes', () => {
    for (const isSampled of [true, false]) {
      const text = formatTraceparent(TRACE, SPAN, isSampled);
      assert.deepEqual(parseTraceparent(text), { traceId: TRACE, spanId: SPAN, isSampled });
    }
  });
});

describe('going on with a trace', () => {
  it('leaves the trace of the caller alone where nothing is recorded', () => {
    assert.deepEqual(traceOf({ traceparent: VALID, isTrusted: false }, undefined, ids()), {
      traceId: TRACE,
      callerSpanId: SPAN,
      spans: undefined,
      traceparent: undefined,
    });
  });

  for (const { name, traceparent } of [
    { name: 'no trace', traceparent: undefined },
    { name: 'an unreadable trace', traceparent: 'nonsense' },
  ]) {
    it(`starts one for a caller with ${name}, and records nothing unless asked to`, () => {
      const trace = traceOf({ traceparent, isTrusted: true }, undefined, ids());
      assert.equal(trace.callerSpanId, undefined);
      assert.equal(trace.spans, undefined);
      assert.equal(trace.traceparent, `00-${trace.traceId}-0000000000000002-00`);
    });
  }

  it('tells the upstream of the span that stands for it', () => {
    const { traceId, callerSpanId, spans, traceparent } = traceOf(
      { traceparent: VALID, isTrusted: false },
      ALL,
      ids(),
    );
    assert.equal(traceId, TRACE);
    assert.equal(callerSpanId, SPAN);
    assert.ok(spans !== undefined && spans.server !== spans.upstream);
    assert.equal(traceparent, `00-${TRACE}-${spans.upstream}-01`);
  });

  const unsampled = `00-${TRACE}-${SPAN}-00`;
  for (const { name, traceparent, isTrusted, sampling, first = '0', want } of [
    {
      name: 'a trusted caller that records',
      traceparent: VALID,
      isTrusted: true,
      sampling: { ratio: 0, followsCaller: true },
      want: true,
    },
    {
      name: 'a trusted caller that does not',
      traceparent: unsampled,
      isTrusted: true,
      sampling: ALL,
      want: false,
    },
    {
      name: 'any other caller that records',
      traceparent: VALID,
      isTrusted: false,
      sampling: { ratio: 0, followsCaller: true },
      want: false,
    },
    {
      name: 'any other caller that does not',
      traceparent: unsampled,
      isTrusted: false,
      sampling: ALL,
      want: true,
    },
    {
      name: 'a trusted caller that is not followed',
      traceparent: VALID,
      isTrusted: true,
      sampling: { ratio: 0, followsCaller: false },
      want: false,
    },
    { name: 'a caller without a trace', traceparent: undefined, isTrusted: true, sampling: ALL, want: true },
    {
      name: 'chance below the ratio',
      traceparent: VALID,
      isTrusted: false,
      sampling: { ratio: 0.5, followsCaller: true },
      first: '7',
      want: true,
    },
    {
      name: 'chance above the ratio',
      traceparent: VALID,
      isTrusted: false,
      sampling: { ratio: 0.5, followsCaller: true },
      first: '8',
      want: false,
    },
    {
      name: 'the highest chance and everything',
      traceparent: VALID,
      isTrusted: false,
      sampling: ALL,
      first: 'f',
      want: true,
    },
  ]) {
    it(`${want ? 'records' : 'does not record'}: ${name}`, () => {
      const trace = traceOf({ traceparent, isTrusted }, sampling, ids(first));
      assert.equal(trace.spans !== undefined, want);
      assert.equal(trace.traceparent?.endsWith(want ? '-01' : '-00'), true);
    });
  }
});
