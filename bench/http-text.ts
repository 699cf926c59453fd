/** Requests and answers of HTTP/1.1 as text, for callers that hold thousands of connections. */

import { HOST, type Issuer } from './issuer.ts';
import type { Workload } from './workloads.ts';

/** Of a workload without a body. */
export function requestText(workload: Workload, credentials: Issuer['credentials']): string {
  return [
    `${workload.method} ${workload.path} HTTP/1.1`,
    `Host: ${HOST}`,
    `Authorization: ${credentials[workload.credentials]}`,
    'User-Agent: bench/1',
    'Accept: */*',
    '\r\n',
  ].join('\r\n');
}

/** @throws unless the answer begins with 200 and states its length */
export function isWholeAnswer(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: *([0-9]+)\r\n/i.exec(text.slice(0, end + 2))?.[1];
  if (!text.startsWith('HTTP/1.1 200 ') || length === undefined)
    throw new Error(`not a good answer:\n${text}`);
  return text.length >= end + 4 + Number(length);
}
