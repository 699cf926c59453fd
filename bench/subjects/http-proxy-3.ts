/**
 * A bare proxy of http-proxy-3: forwards everything, checks nothing. Arguments: upstream port, and `keep-alive` or
 * `as-it-comes`, which opens a connection for each request.
 */

import { Agent, createServer } from 'node:http';

import { createProxyServer } from 'http-proxy-3';

import { announce } from './announce.ts';

const [, , port, connections] = process.argv;
const proxy = createProxyServer({
  target: { host: '127.0.0.1', port: Number(port) },
  ...(connections === 'keep-alive' && { agent: new Agent({ keepAlive: true }) }),
});
const server = createServer((request, response) => proxy.web(request, response));
server.listen(0, '127.0.0.1', () => announce(server));
