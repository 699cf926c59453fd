/** Reads the head of an upstream's response strictly (RFC 9112): what could be read in two ways is an error. */

import { STATUS_CODES } from 'node:http';

import { readFieldLines } from '../../http/field-lines.ts';
import { isPersistent } from '../../http/header-list.ts';
import type { HeaderName, HeaderNameOf, NamedHeaders, ReadHeader } from '../../http/header-names.ts';
import { ProxyError } from '../proxy-error.ts';

export interface ResponseHead extends NamedHeaders {
  readonly status: number;
  readonly statusText: string;
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Bytes of the body where `framing` is `length`, else 0. */
  readonly contentLength: number;
  /** Whether the connection can carry another request after this response. */
  readonly isPersistent: boolean;
  /** How long the upstream says that it keeps an idle connection. */
  readonly keepAliveSeconds: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?$/;
const TEXT_START = 'HTTP/1.1 200 '.length;
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** `text`: status line and fields, latin1, each ended by CRLF, without the empty line. */
export function parseResponseHead(text: string, requestMethod: string, nameOf: HeaderNameOf): ResponseHead {
  const lineEnd = text.indexOf('\r\n');
  const line = text.slice(0, lineEnd);
  if (!STATUS_LINE.test(line)) throw malformed('the status line is not valid');
  const rawHeaders = readFieldLines(text, lineEnd + 2);
  if (typeof rawHeaders === 'string') throw malformed(rawHeaders);
  const isHttp11 = line.charCodeAt(7) === 0x31;
  const status = Number(line.slice(9, 12));
  const names: HeaderName[] = [];
  const fields = framingFields(rawHeaders, names, nameOf);
  const framing = framingOf(status, requestMethod, isHttp11, fields);
  return {
    status,
    statusText: statusTextOf(line, status),
    rawHeaders,
    names,
    connection: fields.connection,
    framing,
    contentLength: framing === 'length' ? Number(fields.contentLength) : 0,
    isPersistent: framing !== 'close' && isPersistent(fields.connection, isHttp11),
    keepAliveSeconds: fields.keepAliveSeconds,
  };
}

/** The usual text as a constant: a string of two letters, such as `OK`, would be looked up among all that there are. */
function statusTextOf(line: string, status: number): string {
  const usual = STATUS_CODES[status] ?? '';
  return line.length === TEXT_START + usual.length && line.endsWith(usual) ? usual : line.slice(TEXT_START);
}

interface FramingFields {
  connection: string | undefined;
  contentLength: string | undefined;
  isChunked: boolean;
  keepAliveSeconds: number | undefined;
}

/** Also fills `names`. */
function framingFields(
  rawHeaders: readonly string[],
  names: HeaderName[],
  nameOf: HeaderNameOf,
): FramingFields {
  const fields: FramingFields = {
    connection: undefined,
    contentLength: undefined,
    isChunked: false,
    keepAliveSeconds: undefined,
  };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = nameOf(rawHeaders[at] ?? '');
    names.push(name);
    if (name.read !== undefined) readFramingField(fields, name.read, rawHeaders[at + 1] ?? '');
  }
  return fields;
}

function readFramingField(fields: FramingFields, name: ReadHeader, value: string): void {
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
    fields.connection = fields.connection === undefined ? value : `${fields.connection},${value}`;
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
