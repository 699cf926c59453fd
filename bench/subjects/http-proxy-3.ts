/** A bare proxy of http-proxy-3 with kept-alive connections: forwards everything, checks nothing. Argument: upstream port. */

import { Agent, createServer } from 'node:http';

import { createProxyServer } from 'http-proxy-3';

import { announce } from './announce.ts';

const proxy = createProxyServer({
  target: { host: '127.0.0.1', port: Number(process.argv[2]) },
  agent: new Agent({ keepAlive: true }),
});
const server = createServer((request, response) => proxy.web(request, response));
server.listen(0, '127.0.0.1', () => announce(server));
