/** Reads the head of an upstream's response strictly (RFC 9112): what could be read in two ways is an error. */

import { ProxyError } from '../proxy-error.ts';

export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Alternating names and values, as sent. */
  readonly rawHeaders: readonly string[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Bytes of the body where `framing` is `length`, else 0. */
  readonly contentLength: number;
  /** Whether the connection can carry another request after this response. */
  readonly isPersistent: boolean;
  /** How long the upstream says that it keeps an idle connection. */
  readonly keepAliveSeconds: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOT_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** `text`: status line and fields, latin1, each ended by CRLF, without the empty line. */
export function parseResponseHead(text: string, requestMethod: string): ResponseHead {
  const lineEnd = text.indexOf('\r\n');
  const line = text.slice(0, lineEnd);
  if (!STATUS_LINE.test(line)) throw malformed('the status line is not valid');
  const rawHeaders = parseFields(text, lineEnd + 2);
  const isHttp11 = line.charCodeAt(7) === 0x31;
  const status = Number(line.slice(9, 12));
  const fields = framingFields(rawHeaders);
  const framing = framingOf(status, requestMethod, isHttp11, fields);
  return {
    status,
    statusText: line.slice(13),
    rawHeaders,
    framing,
    contentLength: framing === 'length' ? Number(fields.contentLength) : 0,
    isPersistent: framing !== 'close' && (isHttp11 ? !fields.isClose : fields.isKeepAlive && !fields.isClose),
    keepAliveSeconds: fields.keepAliveSeconds,
  };
}

/** Fields from `start` on, as alternating names and values without surrounding white space. */
export function parseFields(text: string, start: number): string[] {
  const fields: string[] = [];
  for (let at = start; at < text.length;) {
    const lineEnd = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (lineEnd < 0 || colon < 0 || colon > lineEnd) throw malformed('a header line is not valid');
    const name = text.slice(at, colon);
    // A continued line (obs-fold) starts with white space, which no name holds.
    if (!FIELD_NAME.test(name)) throw malformed('a header name is not valid');
    const value = text.slice(skipSpace(text, colon + 1, 1), skipSpace(text, lineEnd - 1, -1) + 1);
    if (NOT_FIELD_VALUE.test(value)) throw malformed('a header value holds a control character');
    fields.push(name, value);
    at = lineEnd + 2;
  }
  return fields;
}

/** The first place from `at` on, in the direction of `step`, that is no space and no tab. */
function skipSpace(text: string, at: number, step: 1 | -1): number {
  for (let place = at; ; place += step) {
    const code = text.charCodeAt(place);
    if (code !== 0x20 && code !== 0x09) return place;
  }
}

interface FramingFields {
  contentLength: string | undefined;
  isChunked: boolean;
  isClose: boolean;
  isKeepAlive: boolean;
  keepAliveSeconds: number | undefined;
}

function framingFields(rawHeaders: readonly string[]): FramingFields {
  const fields: FramingFields = {
    contentLength: undefined,
    isChunked: false,
    isClose: false,
    isKeepAlive: false,
    keepAliveSeconds: undefined,
  };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // The lengths of the four names that matter: most fields are told apart without a lower-case copy.
    if (name.length === 10 || name.length === 14 || name.length === 17) {
      readFramingField(fields, name.toLowerCase(), rawHeaders[at + 1] ?? '');
    }
  }
  return fields;
}

function readFramingField(fields: FramingFields, name: string, value: string): void {
  if (name === 'content-length') {
    if (fields.contentLength !== undefined) throw malformed('there are two Content-Length headers');
    if (!CONTENT_LENGTH.test(value)) throw malformed('the Content-Length is not a number');
    fields.contentLength = value;
  } else if (name === 'transfer-encoding') {
    if (fields.isChunked || value.toLowerCase() !== 'chunked') {
      throw malformed('the Transfer-Encoding is not chunked');
    }
    fields.isChunked = true;
  } else if (name === 'connection') {
    for (const option of value.toLowerCase().split(',')) {
      if (option.trim() === 'close') fields.isClose = true;
      else if (option.trim() === 'keep-alive') fields.isKeepAlive = true;
    }
  } else if (name === 'keep-alive') {
    const timeout = /(?:^|[,\s])timeout=([0-9]{1,6})/i.exec(value);
    if (timeout !== null) fields.keepAliveSeconds = Number(timeout[1]);
  }
}

function framingOf(
  status: number,
  requestMethod: string,
  isHttp11: boolean,
  { contentLength, isChunked }: FramingFields,
): ResponseHead['framing'] {
  if (isChunked && contentLength !== undefined) {
    throw malformed('there are both Content-Length and Transfer-Encoding');
  }
  // RFC 9112, 6.1: a Transfer-Encoding in an HTTP/1.0 message means that its framing is faulty.
  if (isChunked && !isHttp11) throw malformed('there is a Transfer-Encoding in an HTTP/1.0 response');
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none';
  if (isChunked) return 'chunked';
  return contentLength === undefined ? 'close' : 'length';
}

export function malformed(message: string): ProxyError {
  return new ProxyError('UpstreamProtocolError', message);
}
