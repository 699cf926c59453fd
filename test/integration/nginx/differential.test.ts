/**
 * Thousands of requests through the gateway and through nginx to services that record them. What nginx forwards otherwise,
 * or at all, is explained below, class by class; anything else is a failure of this test.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import * as fc from 'fast-check';

import { head, startGateway, tableFor } from '../proxy/harness.ts';
import { skipWithout } from '../../support/tools.ts';
import { findNginx, startNginx, type Nginx } from './nginx.ts';
import { observe, startRecorder, type Delivered, type Observed, type Recorder } from './observe.ts';
import { arbitraryRequest } from './requests.ts';

const REQUESTS = 2_500;
const SEED = 20_261_124;

/** `difference`: as {@link differencesOf} words them. */
interface Class {
  readonly difference: RegExp;
  readonly why: string;
}

const CLASSES: readonly Class[] = [
  {
    difference: /^header of the gateway only: (?:x-forwarded-\w+|x-real-ip|x-request-id|traceparent)$/,
    why: 'the gateway tells the service about the caller by itself; nginx only where it is configured to',
  },
  {
    difference: /^header of nginx only: (?:x-forwarded-\w+|x-real-ip|x-request-id|forwarded)$/,
    why: 'what an untrusted caller says about itself is not passed on',
  },
  {
    difference: /^header of nginx only: (?:proxy-connection|http2-settings|x-hop)$/,
    why: 'hop-by-hop in effect, or named by Connection: nginx strips a fixed list only',
  },
  {
    difference: /^header of nginx only: proxy-authorization$/,
    why: 'credentials for a proxy are not for the service',
  },
  {
    difference: /^header of the gateway only: te$/,
    why: 'TE: trailers is kept, without which gRPC does not work; nginx drops TE',
  },
  {
    difference: /^header of the gateway only: x_under$/,
    why: 'nginx drops names with underscores; the gateway drops those that could pass for a header it owns, and no others',
  },
  {
    difference: /^header of (?:nginx only: content-length|the gateway only: transfer-encoding)$/,
    why: 'a body in chunks stays in chunks; nginx gives it a length where it has read all of it already',
  },
  {
    difference: /^refused by the gateway only: Host must be /,
    why: 'nginx takes any text for a host, a user name or a port that is none among them',
  },
  {
    difference: /^refused by the gateway only: request target must name the same authority as Host$/,
    why: 'nginx routes by the target and lets the service see the Host that differs',
  },
  {
    difference: /^refused by the gateway only: request target must be a path, or /,
    why: 'nginx takes any scheme',
  },
  {
    difference: /^refused by the gateway only: path must not hold the segments/,
    why: 'nginx resolves dot segments to choose a location, and forwards them unresolved',
  },
  {
    difference: /^refused by the gateway only: path must not hold an encoded/,
    why: 'nginx decodes to choose a location, and forwards the encoded form: rules and service see different paths',
  },
  {
    difference:
      /^refused by the gateway only: (?:path must not hold any of|request target must not hold|request target must be printable)/,
    why: 'characters that no URL holds, and that the URL parser of a service rewrites or cuts at',
  },
  {
    difference: /^refused by the gateway only: Expect must be 100-continue$/,
    why: 'nginx ignores an expectation that it does not know; who expects it would be deceived',
  },
  {
    difference: /^refused by the gateway only: the body of the request is not well-formed$/,
    why: 'nginx takes chunk lines that end without CR',
  },
  {
    difference: /^refused by the gateway only: the request is not valid HTTP\/1\.1$/,
    why: 'nginx takes bare line feeds, drops header lines that are none, and forwards control characters in values',
  },
  {
    difference: /^forwarded by nginx as what no service reads: /,
    why: 'nginx forwards bytes that the HTTP parser of the service refuses; the gateway has refused them already',
  },
  {
    difference: /^refused by nginx only: 400 .*\| ([\w-]+): .*\| \1: /,
    why: 'nginx refuses some headers that are sent twice; what they mean then is for the service to say',
  },
  {
    difference: /^refused by the gateway only: HEAD$/,
    why: 'any of these, without a body to say which',
  },
  {
    difference: /^refused by both: 400 and 405$/,
    why: 'TRACE and CONNECT',
  },
  {
    difference: /^refused by both: 400 and 501$/,
    why: 'a Transfer-Encoding that is not chunked',
  },
  {
    difference: /^refused by both: 400 and 505$/,
    why: 'a version of HTTP that is not spoken in this form',
  },
];

describe('compared with nginx', { skip: skipWithout(findNginx()) }, () => {
  let nginx: Nginx;
  let ours: Recorder;
  let theirs: Recorder;
  before(async () => {
    ours = await startRecorder();
    theirs = await startRecorder();
    nginx = await startNginx(theirs.port);
  });
  after(async () => {
    await nginx?.close();
    await ours?.close();
    await theirs?.close();
  });

  it('an ordinary request reaches the service the same', async (test) => {
    const gateway = await startGateway(test, { table: tableFor([ours.port]) });
    const text = `${head('POST /a%20b/;c?q=%2F HTTP/1.1', 'Host: shop.example.com', 'X-A: 1', 'Content-Length: 2')}ok`;
    const [a, b] = await Promise.all([observe(gateway.port, text, ours), observe(nginx.port, text, theirs)]);
    const [got] = a.delivered;
    assert.ok(got);
    assert.deepEqual(withoutOwn(got), b.delivered[0]);
  });

  it(`${REQUESTS} requests differ in ways that are explained, and every explanation is needed`, async (test) => {
    const gateway = await startGateway(test, { table: tableFor([ours.port]) });
    const met = new Map<Class, number>();
    let deliveredByBoth = 0;
    for (const { text, parts } of fc.sample(arbitraryRequest, { seed: SEED, numRuns: REQUESTS })) {
      const [a, b] = await Promise.all([
        observe(gateway.port, text, ours),
        observe(nginx.port, text, theirs),
      ]);
      const made = parts.join(' | ');
      assert.ok(a.delivered.length <= 1, `one request became several: ${made}`);
      if (a.delivered.length === 1 && b.delivered.length === 1) deliveredByBoth += 1;
      for (const difference of differencesOf(a, b, made)) {
        const explained = CLASSES.find((each) => each.difference.test(difference));
        assert.ok(explained, `not explained: ${difference}\n${made}`);
        met.set(explained, (met.get(explained) ?? 0) + 1);
      }
    }
    assert.ok(deliveredByBoth > REQUESTS / 2, `only ${deliveredByBoth} requests were delivered by both`);
    for (const each of CLASSES) {
      assert.ok(met.has(each), `never seen: ${each.difference.source}`);
    }
  });
});

function differencesOf(ours: Observed, theirs: Observed, made: string): readonly string[] {
  const [a] = ours.delivered;
  const [b] = theirs.delivered;
  if (a === undefined && b === undefined) {
    return ours.status === theirs.status ? [] : [`refused by both: ${ours.status} and ${theirs.status}`];
  }
  if (a === undefined) {
    const how =
      b?.method === 'unreadable'
        ? 'forwarded by nginx as what no service reads'
        : 'refused by the gateway only';
    return [`${how}: ${detailOf(ours, made)}`];
  }
  if (b === undefined) return [`refused by nginx only: ${theirs.status} ${made}`];
  const differences: string[] = [];
  if (ours.status !== theirs.status) differences.push(`status: ${ours.status} and ${theirs.status}`);
  for (const part of ['method', 'target', 'body'] as const) {
    if (a[part] !== b[part]) differences.push(`${part}: ${a[part].slice(0, 80)} and ${b[part].slice(0, 80)}`);
  }
  for (const line of missing(a.headers, b.headers))
    differences.push(`header of the gateway only: ${nameOf(line)}`);
  for (const line of missing(b.headers, a.headers)) differences.push(`header of nginx only: ${nameOf(line)}`);
  return differences;
}

/** Lines of `some` that `others` do not have as often. */
function missing(some: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return some.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

/** The answer to HEAD has no body. */
function detailOf({ status, text }: Observed, made: string): string {
  assert.equal(status, 400, made);
  return text === '' ? 'HEAD' : String((JSON.parse(text) as Record<string, unknown>)['detail']);
}

function withoutOwn({ headers, ...rest }: Delivered): Delivered {
  const own = /^(?:x-forwarded-\w+|x-real-ip|x-request-id|traceparent): /;
  return { ...rest, headers: headers.filter((line) => !own.test(line)) };
}
