/** A bare `node:http` server that answers by itself: what no gateway on Node can go below. */

import { createServer } from 'node:http';

import { announce } from './announce.ts';
import { SMALL_ANSWER } from '../bodies.ts';

const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': SMALL_ANSWER.length });
  response.end(SMALL_ANSWER);
});
server.listen(0, '127.0.0.1', () => announce(server));
