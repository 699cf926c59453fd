/** Reads the head of a response that came by HTTP/2 as one of HTTP/1.1; Node has checked its form. */

import { STATUS_CODES } from 'node:http';

import { describeHeaderName, nameHeaders } from '../../http/header-names.ts';
import { malformed, type ResponseHead } from './response-head.ts';

const NOT_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** `raw`: alternating names and values, as Node gives them. */
export function readHttp2ResponseHead(
  raw: readonly string[],
  requestMethod: string | undefined,
): ResponseHead {
  const rawHeaders = readFields(raw);
  const status = Number(raw[raw.indexOf(':status') + 1]);
  const lengths = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1] === 'content-length',
  );
  const [length] = lengths;
  if (lengths.length > 1) throw malformed('there are two content-length headers');
  if (length !== undefined && !CONTENT_LENGTH.test(length))
    throw malformed('the content-length is not a number');
  const hasNoBody = requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304;
  return {
    status,
    statusText: STATUS_CODES[status] ?? '',
    ...nameHeaders(rawHeaders, describeHeaderName),
    framing: hasNoBody ? 'none' : length === undefined ? 'chunked' : 'length',
    contentLength: hasNoBody || length === undefined ? 0 : Number(length),
    isPersistent: true,
    keepAliveSeconds: undefined,
  };
}

export function readHttp2Trailers(raw: readonly string[]): readonly string[] {
  return readFields(raw);
}

function readFields(raw: readonly string[]): string[] {
  const fields: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    if (NOT_FIELD_VALUE.test(value)) throw malformed('a header value holds a control character');
    if (!name.startsWith(':')) fields.push(name, value);
  }
  return fields;
}
