/** What an operator reads whose address is taken. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';

import { CannotListen } from '../../../src/config/cannot-listen.ts';

test('a port that is taken is told with the flag that chose it', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const second = createServer().listen(port, '127.0.0.1');
  const [error] = (await once(second, 'error')) as [Error];
  assert.equal(
    new CannotListen('http-address', { host: '127.0.0.1', port }, error).message,
    `--http-address: cannot listen on 127.0.0.1:${port}: the port is taken by another process`,
  );
});

test('an address of IPv6 is told as the flag takes it', () => {
  const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
  assert.equal(
    new CannotListen('admin-address', { host: '::1', port: 9090 }, error).message,
    '--admin-address: cannot listen on [::1]:9090: the port is taken by another process',
  );
});

test('another cause is told in the words of the system', () => {
  const error = Object.assign(new Error('listen EACCES: permission denied 0.0.0.0:80'), { code: 'EACCES' });
  assert.equal(
    new CannotListen('https-address', { host: undefined, port: 80 }, error).message,
    '--https-address: cannot listen on :80: listen EACCES: permission denied 0.0.0.0:80',
  );
});
