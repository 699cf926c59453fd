/** Certificate authorities that change while the gateway runs. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { openCluster } from '../../../src/kube/cluster.ts';
import { createKubeHttp, Unreachable } from '../../../src/kube/http.ts';
import { createKeyPair } from '../../support/key-pair.ts';

const OLD = createKeyPair('localhost');
const NEW = createKeyPair('localhost');

describe('the certificate authority of the API server', () => {
  let directory: string;
  let server: Server;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'oidc-ingress-test-'));
    server = createServer({ cert: OLD.certificate, key: OLD.privateKey }, (_request, response) => {
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true, force: true });
  });

  const kubeconfig = (authority: object): string =>
    JSON.stringify({
      clusters: [
        {
          name: 'c',
          cluster: { server: `https://localhost:${(server.address() as AddressInfo).port}`, ...authority },
        },
      ],
      users: [{ name: 'u', user: { token: 'T' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });

  /** The server has another certificate, and ends what connections it has. */
  function serve({ certificate, privateKey }: typeof OLD): void {
    server.setSecureContext({ cert: certificate, key: privateKey });
    server.closeAllConnections();
  }

  const inline = (pem: string) => ({ 'certificate-authority-data': Buffer.from(pem).toString('base64') });

  const CASES = [
    {
      name: 'in a file of its own',
      start: async (path: string) => {
        await writeFile(join(directory, 'ca.pem'), OLD.certificate);
        await writeFile(path, kubeconfig({ 'certificate-authority': 'ca.pem' }));
      },
      replace: () => writeFile(join(directory, 'ca.pem'), NEW.certificate),
    },
    {
      name: 'in the kubeconfig',
      start: (path: string) => writeFile(path, kubeconfig(inline(OLD.certificate))),
      replace: (path: string) => writeFile(path, kubeconfig(inline(NEW.certificate))),
    },
  ];
  for (const [index, { name, start, replace }] of CASES.entries()) {
    it(`is read anew where it is ${name} and the server is not trusted any more`, async () => {
      serve(OLD);
      const path = join(directory, `kubeconfig-${index}`);
      await start(path);
      const http = createKubeHttp(await openCluster(path));
      const get = { method: 'GET', path: '/readyz', timeoutMs: 5_000 } as const;
      assert.equal((await http.request(get)).status, 200);
      serve(NEW);
      await assert.rejects(http.request(get), Unreachable);
      await replace(path);
      await http.request(get).catch(() => {});
      assert.equal((await http.request(get)).status, 200);
      http.close();
    });
  }
});
