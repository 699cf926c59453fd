/** What is said of a port that a Service does not have. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { choosePort } from '../../../src/compile/service-ports.ts';
import type { ServicePort } from '../../../src/model/objects.ts';

function port(number: number, name?: string): ServicePort {
  return { name, port: number, protocol: 'TCP', appProtocol: undefined };
}

const NINE = Array.from({ length: 9 }, (_, index) => port(8_001 + index));

describe('a port that a Service does not have is told', () => {
  const cases = [
    { name: 'beside those that there are', ports: [port(80, 'http'), port(81)], want: 'only 80 (http), 81' },
    {
      name: 'beside the first eight of many',
      ports: NINE,
      want: 'only 8001, 8002, 8003, 8004, 8005, 8006, 8007, 8008, …',
    },
    { name: 'where there is none', ports: [], want: 'nor any other' },
  ];
  for (const { name, ports, want } of cases) {
    it(name, () => {
      const service = { type: 'ClusterIP', externalName: undefined, ports } as const;
      assert.deepEqual(choosePort(service, 'shop/web', { number: 9 }), {
        reason: 'PortNotFound',
        message: `Service shop/web has no port 9, ${want}`,
      });
    });
  }
});
