/**
 * The same bytes over sockets to the gateway, with a service behind it that records, and to Node's server that records.
 * What the service is asked is what Node's server was asked, but for what is explained.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { startGateway, tableFor, type Gateway } from '../proxy/harness.ts';
import { readAnswers } from './answers.ts';
import { CLASSES, type Class } from './classes.ts';
import { differenceOf } from './differences.ts';
import { arbitraryBytes, arbitraryCuts, cut } from './messages.ts';
import type { Reading, Seen } from './readings.ts';
import { GIVEN_UP_MS, send, startRecorder, type Recorder } from './recorder.ts';

const CONNECTIONS = 4_000;
const LANES = 24;
const SEED = 20_261_125;
/** Where everything before it is whole, the connection ends with it. */
const LAST = 'GET /last HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n';

/** Differences that come of the gateway being more than its parser. */
const MORE_CLASSES: readonly Class[] = [
  {
    difference:
      /^not for the gateway: (?:the request is not valid HTTP\/1\.1|the body of the request is not well-formed)$/,
    why: 'each of those that the parsers differ in, in the words for the caller',
  },
  {
    difference: /^not for the gateway: HEAD$/,
    why: 'any of these, without a body to say which',
  },
  {
    difference: /^not for llhttp: HPE_/,
    why: 'each of those that the parsers differ in',
  },
];

/** What the gateway takes away, or writes itself, is not compared here: `test/integration/nginx` does. */
const NOT_COMPARED =
  /^(?:connection|keep-alive|proxy-\w+|te|trailer|transfer-encoding|content-length|upgrade|expect|http2-settings|forwarded|via|traceparent|x-forwarded-\w+|x-real-ip|x-request-id|x-hop|x|x_under|transfer_encoding|content_length)$/i;

/** A method is for the service to know. llhttp says so in three ways: PRI and SOURCE have a version of their own. */
const METHOD_ERRORS = new Set(['HPE_INVALID_METHOD', 'HPE_INVALID_VERSION', 'HPE_INVALID_CONSTANT']);

interface Lane {
  readonly gateway: Gateway;
  readonly service: Recorder;
  readonly llhttp: Recorder;
}

describe('compared with llhttp over sockets', () => {
  it(`${CONNECTIONS} connections ask the service for the same, and every explanation is needed`, async (test) => {
    const given = fc.sample(fc.tuple(arbitraryBytes, arbitraryCuts), { seed: SEED, numRuns: CONNECTIONS });
    const met = new Set<Class>();
    let asked = 0;
    const work = given.values();
    const lanes = await Promise.all(Array.from({ length: LANES }, () => startLane(test)));
    const run = async (lane: Lane): Promise<void> => {
      for (const [text, cuts] of work) {
        const { ours, theirs } = await observe(lane, cut(text + LAST, cuts)).catch((cause: unknown) => {
          throw new Error(JSON.stringify(text), { cause });
        });
        asked += ours.requests.length;
        const difference = differenceOf(ours, theirs);
        if (difference === undefined) continue;
        const explained = [...MORE_CLASSES, ...CLASSES].find((each) => each.difference.test(difference));
        assert.ok(explained, `not explained: ${difference}\n${JSON.stringify(text)}`);
        met.add(explained);
      }
    };
    // Each to its end: none may be at work when the servers are closed.
    for (const lane of await Promise.allSettled(lanes.map(run))) {
      if (lane.status === 'rejected') throw lane.reason;
    }
    assert.ok(asked > CONNECTIONS / 2, `only ${asked} requests reached the service`);
    for (const each of MORE_CLASSES) assert.ok(met.has(each), `never seen: ${each.difference.source}`);
  });
});

async function startLane(test: { after(fn: () => Promise<void>): void }): Promise<Lane> {
  const service = await startRecorder();
  const llhttp = await startRecorder();
  test.after(() => service.close());
  test.after(() => llhttp.close());
  const limits = {
    headersTimeoutMs: GIVEN_UP_MS,
    idleTimeoutMs: GIVEN_UP_MS,
    keepAliveTimeoutMs: GIVEN_UP_MS,
    sweepIntervalMs: 50,
  };
  return { gateway: await startGateway(test, { table: tableFor([service.port]), limits }), service, llhttp };
}

async function observe(
  { gateway, service, llhttp }: Lane,
  pieces: readonly Buffer[],
): Promise<{ readonly ours: Reading; readonly theirs: Reading }> {
  const [answered] = await Promise.all([send(gateway.port, pieces), send(llhttp.port, pieces)]);
  const { requests, error } = service.take();
  const seen = llhttp.take();
  assert.ok(error === undefined || METHOD_ERRORS.has(error), `the service cannot read it: ${error}`);
  const { count, refusal } = readAnswers(
    answered,
    requests.map(({ method }) => method),
  );
  assert.ok(count <= requests.length, 'an answer to no request');
  return {
    ours: { requests: requests.map(compared), end: refusal ?? 'closed' },
    theirs: { requests: seen.requests.map(compared), end: seen.error ?? 'closed' },
  };
}

function compared(seen: Seen): Seen {
  // An absolute URL is passed on as its path: Host says the rest.
  const target = seen.target.replace(/^https?:\/\/[^/?]*(?=\/)/i, '');
  return { ...seen, target, headers: comparedLines(seen.headers), trailers: comparedLines(seen.trailers) };
}

function comparedLines(raw: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (!NOT_COMPARED.test(raw[at] ?? '')) lines.push(`${raw[at]}: ${raw[at + 1]}`);
  }
  return lines;
}
