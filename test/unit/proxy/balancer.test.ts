/** Which endpoint of a backend gets a request. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeHeaderName } from '../../../src/http/header-names.ts';
import { Deadlines } from '../../../src/proxy/deadlines.ts';
import { DEFAULT_LIMITS } from '../../../src/proxy/limits.ts';
import { Balancer } from '../../../src/proxy/upstream/balancer.ts';
import { UpstreamEndpoint } from '../../../src/proxy/upstream/endpoint.ts';

interface Given {
  readonly balancer: Balancer;
  readonly endpoints: readonly UpstreamEndpoint[];
  /** A clock that only the test moves. */
  readonly clock: Deadlines;
}

function endpoints(count: number, random = 0): Given {
  const clock = new Deadlines(1_000_000);
  const made = Array.from(
    { length: count },
    (_, index) =>
      new UpstreamEndpoint({
        address: `10.0.0.${index}`,
        port: 80,
        protocol: 'HTTP',
        tls: undefined,
        clientKey: undefined,
        nowMs: () => 0,
        limits: DEFAULT_LIMITS,
        deadlines: clock,
        headerNameOf: describeHeaderName,
      }),
  );
  return { balancer: new Balancer(made, random), endpoints: made, clock };
}

function fail(endpoint: UpstreamEndpoint | undefined, times = 5): void {
  for (let count = 0; count < times; count++) endpoint?.connectFailed();
}

function picks(balancer: Balancer, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => balancer.pick()?.address.slice(-1));
}

describe('the choice of an endpoint', () => {
  it('goes round from a random place', () => {
    assert.deepEqual(picks(endpoints(3, 0).balancer, 4), ['0', '1', '2', '0']);
    assert.deepEqual(picks(endpoints(3, 0.99).balancer, 4), ['2', '0', '1', '2']);
  });

  it('is none where there is no endpoint', () => {
    assert.equal(endpoints(0).balancer.pick(), undefined);
  });

  it('leaves out an endpoint after five connection failures in a row, for 30 s', () => {
    const { balancer, endpoints: made, clock } = endpoints(3);
    fail(made[1], 4);
    assert.deepEqual(picks(balancer, 3), ['0', '1', '2']);
    fail(made[1], 1);
    assert.deepEqual(picks(balancer, 4), ['0', '2', '0', '2']);
    clock.nowMs += 29_999;
    assert.equal(made[1]?.isEjected, true);
    clock.nowMs += 1;
    assert.deepEqual(new Set(picks(balancer, 3)), new Set(['0', '1', '2']));
  });

  it('forgets failures after a connection', () => {
    const { endpoints: made } = endpoints(2);
    fail(made[0], 4);
    made[0]?.connected();
    fail(made[0], 4);
    assert.equal(made[0]?.isEjected, false);
  });

  it('leaves out at most half: with more of them out the fault is elsewhere', () => {
    const { balancer, endpoints: made } = endpoints(4);
    fail(made[0]);
    fail(made[1]);
    assert.deepEqual(picks(balancer, 4), ['2', '3', '2', '3']);
    fail(made[2]);
    assert.deepEqual(new Set(picks(balancer, 4)), new Set(['0', '1', '2', '3']));
  });

  it('never leaves out the only one', () => {
    const { balancer, endpoints: made } = endpoints(1);
    fail(made[0]);
    assert.deepEqual(picks(balancer, 2), ['0', '0']);
  });

  it('for another try is one that was not tried', () => {
    const { balancer, endpoints: made } = endpoints(2);
    const first = balancer.pick();
    assert.ok(first);
    assert.equal(balancer.pickAgain(new Set([first])), made[1]);
    assert.equal(balancer.pickAgain(new Set(made)), undefined);
  });

  it('for other tries is kept to a fifth of the requests, after a stock of ten', () => {
    const { balancer } = endpoints(2);
    let retries = 0;
    for (let count = 0; count < 100; count++) {
      const first = balancer.pick();
      assert.ok(first);
      if (balancer.pickAgain(new Set([first])) !== undefined) retries++;
    }
    assert.ok(retries >= 28 && retries <= 31, `${retries} retries`);
  });
});

describe('the name of an endpoint', () => {
  it('has brackets around an IPv6 address', () => {
    const options = {
      address: 'fd00::1',
      port: 80,
      protocol: 'HTTP',
      tls: undefined,
      clientKey: undefined,
    } as const;
    const deadlines = endpoints(0).clock;
    const endpoint = new UpstreamEndpoint({
      ...options,
      nowMs: () => 0,
      limits: DEFAULT_LIMITS,
      deadlines,
      headerNameOf: describeHeaderName,
    });
    assert.equal(endpoint.name, '[fd00::1]:80');
  });
});
