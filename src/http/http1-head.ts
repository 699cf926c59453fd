/** Reads the head of an HTTP/1.1 request: how it is framed, and what it asks of its connection (RFC 9112). */

import { isToken, readFieldLines } from './field-lines.ts';

export interface Http1Head {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1';
  /** Alternating names and values, as sent. */
  readonly rawHeaders: readonly string[];
  readonly framing: 'none' | 'length' | 'chunked';
  /** Bytes of the body where `framing` is `length`, else 0. */
  readonly contentLength: number;
  /** Whether the caller would send another request after this one. */
  readonly isPersistent: boolean;
  /** It holds its body back until it is told to go on. */
  readonly awaitsContinue: boolean;
  /** It asks for a WebSocket (RFC 6455, section 4.1). Any other upgrade is ignored (RFC 9110, section 7.8). */
  readonly isWebSocket: boolean;
  /** Why it must be refused although it can be read: where its body ends is then not known. */
  readonly fault: string | undefined;
}

/** What the headers say that are not about the resource. */
interface ConnectionFields {
  lengths: number;
  contentLength: string;
  codings: number;
  coding: string;
  connection: string;
  expect: string | undefined;
  upgrade: string;
}

const CONTENT_LENGTH = /^[0-9]{1,15}$/;
const VERSION_LENGTH = 'HTTP/1.1'.length;

/**
 * @param text request line and field lines, latin1, each ended by CRLF, without the empty line
 * @returns what is wrong where it cannot be read
 */
export function readHttp1Head(text: string): Http1Head | string {
  const lineEnd = text.indexOf('\r\n');
  const methodEnd = text.indexOf(' ');
  const versionStart = lineEnd - VERSION_LENGTH;
  const method = text.slice(0, methodEnd);
  if (methodEnd < 0 || !isToken(method)) return 'the method is not valid';
  if (versionStart <= methodEnd + 1 || text.charCodeAt(versionStart - 1) !== 0x20) {
    return 'the request line is not valid';
  }
  const version = text.slice(versionStart, lineEnd);
  if (!/^HTTP\/[0-9]\.[0-9]$/.test(version)) return 'the request line is not valid';
  const target = text.slice(methodEnd + 1, versionStart - 1);
  if (target.includes(' ')) return 'the request line is not valid';
  const rawHeaders = readFieldLines(text, lineEnd + 2);
  if (typeof rawHeaders === 'string') return rawHeaders;
  return framed({ method, target, rawHeaders }, version);
}

function framed(message: Pick<Http1Head, 'method' | 'target' | 'rawHeaders'>, version: string): Http1Head {
  const fields = connectionFields(message.rawHeaders);
  // A higher minor version is served as the highest that is known (RFC 9110, section 2.5).
  const isHttp11 = version.startsWith('HTTP/1.') && version !== 'HTTP/1.0';
  const fault = versionFault(version) ?? framingFault(fields, isHttp11) ?? expectationFault(fields);
  const contentLength = fault === undefined && fields.lengths > 0 ? Number(fields.contentLength) : 0;
  const isChunked = fault === undefined && fields.codings > 0;
  return {
    ...message,
    httpVersion: isHttp11 ? '1.1' : '1.0',
    framing: isChunked ? 'chunked' : contentLength > 0 ? 'length' : 'none',
    contentLength,
    isPersistent: fault === undefined && isPersistent(fields.connection, isHttp11),
    // RFC 9110, 10.1.1: of an HTTP/1.0 caller it is ignored.
    awaitsContinue: isHttp11 && fields.expect !== undefined,
    isWebSocket:
      message.method === 'GET' &&
      isHttp11 &&
      contentLength === 0 &&
      !isChunked &&
      fields.upgrade.toLowerCase() === 'websocket' &&
      hasOption(fields.connection, 'upgrade'),
    fault,
  };
}

function connectionFields(rawHeaders: readonly string[]): ConnectionFields {
  const fields: ConnectionFields = {
    lengths: 0,
    contentLength: '',
    codings: 0,
    coding: '',
    connection: '',
    expect: undefined,
    upgrade: '',
  };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // The lengths of the names that matter: the others are told apart without a lower-case copy.
    switch (name.length) {
      case 6:
      case 7:
      case 10:
      case 14:
      case 17:
        readConnectionField(fields, name.toLowerCase(), rawHeaders[at + 1] ?? '');
    }
  }
  return fields;
}

function readConnectionField(fields: ConnectionFields, name: string, value: string): void {
  switch (name) {
    case 'content-length':
      fields.lengths += 1;
      fields.contentLength = value;
      break;
    case 'transfer-encoding':
      fields.codings += 1;
      fields.coding = value;
      break;
    case 'connection':
      fields.connection = fields.connection === '' ? value : `${fields.connection},${value}`;
      break;
    case 'expect':
      fields.expect = value;
      break;
    case 'upgrade':
      fields.upgrade = value;
      break;
  }
}

function versionFault(version: string): string | undefined {
  return version.startsWith('HTTP/1.') ? undefined : 'the version of HTTP must be 1.0 or 1.1';
}

/** RFC 9112, section 6.3: whoever reads such a message in another way sees another request behind it. */
function framingFault({ lengths, contentLength, codings, coding }: ConnectionFields, isHttp11: boolean) {
  if (lengths > 1) return 'Content-Length must be sent at most once';
  if (lengths === 1 && !CONTENT_LENGTH.test(contentLength)) return 'Content-Length must be a number of bytes';
  if (codings === 0) return undefined;
  if (!isHttp11) return 'Transfer-Encoding must not be sent in HTTP/1.0';
  if (codings > 1) return 'Transfer-Encoding must be sent at most once';
  if (coding.toLowerCase() !== 'chunked') return 'Transfer-Encoding must be chunked';
  return lengths > 0 ? 'Content-Length and Transfer-Encoding must not be sent together' : undefined;
}

function expectationFault({ expect }: ConnectionFields): string | undefined {
  const isKnown = expect === undefined || expect.toLowerCase() === '100-continue';
  return isKnown ? undefined : 'Expect must be 100-continue';
}

/** RFC 9112, section 9.3. */
function isPersistent(connection: string, isHttp11: boolean): boolean {
  if (connection === '' || connection === 'keep-alive') return isHttp11 || connection !== '';
  if (hasOption(connection, 'close')) return false;
  return isHttp11 || hasOption(connection, 'keep-alive');
}

function hasOption(connection: string, option: string): boolean {
  return connection.split(',').some((item) => item.trim().toLowerCase() === option);
}
