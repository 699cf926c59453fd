/** The pages of the admin server that machines and people without a browser ask for, over given sources. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { startAdmin, type AdminServer, type AdminSources } from '../../../src/admin/server.ts';
import { emptyTable } from '../../../src/model/table.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { call } from '../../support/http-client.ts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

describe('the admin server', () => {
  let missing: readonly string[] = [];
  let isAlive = true;
  let admin: AdminServer;

  const sources: AdminSources = {
    notReadyBecause: () => missing,
    isAlive: () => Promise.resolve(isAlive),
    metrics: () => Promise.resolve('a_total 1\n'),
    table: emptyTable,
    problems: () => [],
    explain: (url, method) => `${method} ${url.href}`,
    purge: {
      guard: { tokenFile: undefined, reviewer: undefined },
      purge: () => Promise.resolve(0),
      logger: collectingLogger(),
    },
    status: () => assert.fail('nobody asks for it'),
  };

  before(async () => {
    admin = await startAdmin(sources, ANY_PORT);
  });
  after(() => admin.close());

  const PAGES = [
    { path: '/healthz', status: 200, text: '{"status":"ok"}' },
    { path: '/readyz', status: 200, text: '{"ready":true,"missing":[]}' },
    { path: '/metrics', status: 200, text: 'a_total 1\n' },
    { path: '/debug/problems', status: 200, text: '[]' },
    { path: '/debug/explain?url=http://a.example/b', status: 200, text: 'GET http://a.example/b' },
    {
      path: '/debug/explain?url=http://a.example/&method=POST',
      status: 200,
      text: 'POST http://a.example/',
    },
  ];
  for (const { path, status, text } of PAGES) {
    test(`${path} answers`, async () => {
      const answer = await call({ port: admin.port, path });
      assert.deepEqual([answer.status, answer.text], [status, text]);
    });
  }

  for (const query of ['', '?url=', '?url=orders', '?url=/v1/orders', '?url=orders.example.com:80/v1']) {
    test(`/debug/explain${query} says what it wants`, async () => {
      const answer = await call({ port: admin.port, path: `/debug/explain${query}` });
      assert.equal(answer.status, 400);
      assert.equal(
        answer.text,
        '{"error":"url: must be an absolute URL such as https://shop.example.com/v1/orders"}',
      );
    });
  }

  test('a page that is not there answers with those that are, each of which is', async () => {
    const answer = await call({ port: admin.port, path: '/debug' });
    assert.equal(answer.status, 404);
    const paths = answer.text.match(/\/[\w/]*/g) ?? [];
    assert.equal(paths.length, 9);
    for (const path of paths.filter((name) => name !== '/' && name !== '/v1/status')) {
      const method = path === '/v1/tokens' ? 'DELETE' : 'GET';
      assert.notEqual((await call({ port: admin.port, path, method })).status, 404, path);
    }
  });

  test('what is missing is said, and is 503', async () => {
    missing = ['Ingress has not been listed'];
    const answer = await call({ port: admin.port, path: '/readyz' });
    missing = [];
    assert.equal(answer.status, 503);
    assert.equal(answer.text, '{"ready":false,"missing":["Ingress has not been listed"]}');
  });

  test('a thread that does not answer is 503', async () => {
    isAlive = false;
    const answer = await call({ port: admin.port, path: '/healthz' });
    isAlive = true;
    assert.deepEqual([answer.status, answer.text], [503, '{"status":"a proxy thread does not answer"}']);
  });

  test('a port that is taken is told with the flag that chose it', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(startAdmin(sources, { host: '127.0.0.1', port }), {
      message: `--admin-address: cannot listen on 127.0.0.1:${port}: the port is taken by another process`,
    });
  });
});
