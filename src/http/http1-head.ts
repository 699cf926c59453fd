/** Reads the head of an HTTP/1.1 request: how it is framed, and what it asks of its connection (RFC 9112). */

import { isToken, readFieldLines } from './field-lines.ts';
import { hasListItem, isPersistent } from './header-list.ts';
import type { HeaderNameOf } from './header-names.ts';
import { framingFault, readRequestFields, type RequestFields } from './request-fields.ts';

export interface Http1Head {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly fields: RequestFields;
  readonly framing: 'none' | 'length' | 'chunked';
  /** Whether the caller would send another request after this one. */
  readonly isPersistent: boolean;
  /** It holds its body back until it is told to go on. */
  readonly awaitsContinue: boolean;
  /** It asks for a WebSocket (RFC 6455, section 4.1). Any other upgrade is ignored (RFC 9110, section 7.8). */
  readonly isWebSocket: boolean;
  /** Why it must be refused although it can be read: where its body ends is then not known. */
  readonly fault: string | undefined;
}

const VERSION_LENGTH = 'HTTP/1.1'.length;
const DOT = 0x2e;
const ZERO = 0x30;
/** The usual ones as constants, which are compared by address: a part of a head is compared by its letters. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/**
 * @param text request line and field lines, latin1, each ended by CRLF, without the empty line
 * @returns what is wrong where it cannot be read
 */
export function readHttp1Head(text: string, nameOf: HeaderNameOf): Http1Head | string {
  const lineEnd = text.indexOf('\r\n');
  const methodEnd = text.indexOf(' ');
  const versionStart = lineEnd - VERSION_LENGTH;
  if (methodEnd < 0 || versionStart <= methodEnd + 2 || text.charCodeAt(versionStart - 1) !== 0x20) {
    return 'the request line is not valid';
  }
  const written = text.slice(0, methodEnd);
  const method = METHODS.find((usual) => usual === written) ?? written;
  if (!isToken(method)) return 'the method is not valid';
  const version = versionAt(text, versionStart);
  if (version === undefined) return 'the request line is not valid';
  const target = text.slice(methodEnd + 1, versionStart - 1);
  if (target.includes(' ')) return 'the request line is not valid';
  const rawHeaders = readFieldLines(text, lineEnd + 2);
  if (typeof rawHeaders === 'string') return rawHeaders;
  return framed(method, target, version, readRequestFields(rawHeaders, nameOf));
}

function framed(method: string, target: string, version: number, fields: RequestFields): Http1Head {
  // A higher minor version is served as the highest that is known (RFC 9110, section 2.5).
  const isHttp11 = version > 10 && version < 20;
  const fault = versionFault(version, fields) ?? framingFault(fields) ?? expectationFault(fields);
  const isWhole = fault !== undefined || (!fields.isChunked && fields.contentLength === 0);
  return {
    method,
    target,
    fields,
    httpVersion: isHttp11 ? '1.1' : '1.0',
    framing: isWhole ? 'none' : fields.isChunked ? 'chunked' : 'length',
    isPersistent: fault === undefined && isPersistent(fields.connection, isHttp11),
    // RFC 9110, 10.1.1: of an HTTP/1.0 caller it is ignored.
    awaitsContinue: isHttp11 && fields.expect !== undefined,
    isWebSocket: isWhole && isHttp11 && method === 'GET' && asksForWebSocket(fields),
    fault,
  };
}

/** `HTTP/`, a digit, a dot, a digit (RFC 9112, section 2.3): as tens and units. */
function versionAt(text: string, start: number): number | undefined {
  if (!text.startsWith('HTTP/', start) || text.charCodeAt(start + 6) !== DOT) return undefined;
  const major = text.charCodeAt(start + 5) - ZERO;
  const minor = text.charCodeAt(start + 7) - ZERO;
  return major >= 0 && major <= 9 && minor >= 0 && minor <= 9 ? major * 10 + minor : undefined;
}

function versionFault(version: number, { isChunked }: RequestFields): string | undefined {
  if (version < 10 || version > 19) return 'the version of HTTP must be 1.0 or 1.1';
  return isChunked && version === 10 ? 'Transfer-Encoding must not be sent in HTTP/1.0' : undefined;
}

function expectationFault({ expect }: RequestFields): string | undefined {
  const isKnown = expect === undefined || expect.toLowerCase() === '100-continue';
  return isKnown ? undefined : 'Expect must be 100-continue';
}

function asksForWebSocket({ upgrade, connection }: RequestFields): boolean {
  return (
    upgrade?.toLowerCase() === 'websocket' && connection !== undefined && hasListItem(connection, 'upgrade')
  );
}
