/** Services of the conformance suite, each with pods that say who they are and what reached them. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a pod answers. */
export interface PodAnswer {
  readonly service: string;
  readonly pod: number;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly proto: string;
  readonly userAgent: string;
}

export interface Pods {
  /** Service and EndpointSlices of `service` in `namespace`; its pods are started first. */
  manifests(service: string, namespace: string, count: number): Promise<readonly object[]>;
  close(): Promise<void>;
}

/** `address`: of this machine, and not loopback, which no EndpointSlice may name. */
export function createPods(address: string): Pods {
  const servers: Server[] = [];

  async function start(service: string, pod: number): Promise<number> {
    const server = createServer((request, response) => {
      const { method = '', url = '', headers, httpVersion } = request;
      const answer: PodAnswer = {
        service,
        pod,
        method,
        path: url,
        host: headers.host ?? '',
        proto: `HTTP/${httpVersion}`,
        userAgent: headers['user-agent'] ?? '',
      };
      const body = JSON.stringify(answer);
      response.setHeader('content-type', 'application/json');
      response.setHeader('content-length', body.length);
      response.end(body);
    });
    servers.push(server);
    await once(server.listen(0, address), 'listening');
    return (server.address() as AddressInfo).port;
  }

  return {
    async manifests(service, namespace, count) {
      const ports = await Promise.all(Array.from({ length: count }, (_, pod) => start(service, pod)));
      return [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: service, namespace },
          spec: { ports: [{ name: 'http', port: 8080 }] },
        },
        ...ports.map((port, pod) => ({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            name: `${service}-${pod}`,
            namespace,
            labels: { 'kubernetes.io/service-name': service },
          },
          addressType: 'IPv4',
          ports: [{ name: 'http', port }],
          endpoints: [{ addresses: [address] }],
        })),
      ];
    },
    async close() {
      await Promise.all(
        servers.map(async (server) => {
          const closed = once(server, 'close');
          server.close();
          server.closeAllConnections();
          await closed;
        }),
      );
    },
  };
}
