/** The headers of a request that the gateway itself reads, gathered in one pass. */

import type { HeaderName, HeaderNameOf, NamedHeaders, ReadHeader } from './header-names.ts';

export interface RequestFields extends NamedHeaders {
  /** The value of the last line; `hosts` counts them. */
  readonly host: string | undefined;
  readonly hosts: number;
  /** The values of all lines. */
  readonly authorization: readonly string[];
  readonly contentType: string | undefined;
  /** The body is not what its type says until it is decoded. */
  readonly isEncoded: boolean;
  /** Bytes; 0 where none is announced. */
  readonly contentLength: number;
  readonly isChunked: boolean;
  /** The value of every line. */
  readonly contentLengths: readonly string[];
  readonly transferEncodings: readonly string[];
  readonly expect: string | undefined;
  readonly upgrade: string | undefined;
  /** All lines, joined by `,`. */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly requestId: string | undefined;
  /** All lines, joined by `,`. */
  readonly traceparent: string | undefined;
}

type Gathered = { -readonly [K in keyof RequestFields]: RequestFields[K] };

const NONE: readonly string[] = [];
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** `rawHeaders`: alternating names and values. */
export function readRequestFields(rawHeaders: readonly string[], nameOf: HeaderNameOf): RequestFields {
  const names: HeaderName[] = [];
  const fields: Gathered = {
    rawHeaders,
    names,
    host: undefined,
    hosts: 0,
    authorization: NONE,
    contentType: undefined,
    isEncoded: false,
    contentLength: 0,
    isChunked: false,
    contentLengths: NONE,
    transferEncodings: NONE,
    connection: undefined,
    expect: undefined,
    upgrade: undefined,
    forwardedFor: undefined,
    forwardedProto: undefined,
    requestId: undefined,
    traceparent: undefined,
  };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = nameOf(rawHeaders[at] ?? '');
    names.push(name);
    if (name.read !== undefined) readField(fields, name.read, rawHeaders[at + 1] ?? '');
  }
  return fields;
}

/**
 * What makes it unclear where the body ends (RFC 9112, section 6.3): whoever reads such a message in another way sees
 * another request behind it.
 */
export function framingFault({ contentLengths, transferEncodings }: RequestFields): string | undefined {
  const [length] = contentLengths;
  if (contentLengths.length > 1) return 'Content-Length must be sent at most once';
  if (length !== undefined && !CONTENT_LENGTH.test(length)) return 'Content-Length must be a number of bytes';
  const [coding] = transferEncodings;
  if (coding === undefined) return undefined;
  if (transferEncodings.length > 1) return 'Transfer-Encoding must be sent at most once';
  if (coding.toLowerCase() !== 'chunked') return 'Transfer-Encoding must be chunked';
  return length === undefined ? undefined : 'Content-Length and Transfer-Encoding must not be sent together';
}

function readField(fields: Gathered, name: ReadHeader, value: string): void {
  switch (name) {
    case 'host':
      fields.host = value;
      fields.hosts += 1;
      break;
    case 'authorization':
      fields.authorization = withValue(fields.authorization, value);
      break;
    case 'content-type':
      fields.contentType ??= value;
      break;
    case 'content-encoding':
      fields.isEncoded ||= value.toLowerCase() !== 'identity';
      break;
    case 'content-length':
      fields.contentLength = Number(value);
      fields.contentLengths = withValue(fields.contentLengths, value);
      break;
    case 'transfer-encoding':
      fields.isChunked = true;
      fields.transferEncodings = withValue(fields.transferEncodings, value);
      break;
    case 'connection':
      fields.connection = joined(fields.connection, value);
      break;
    case 'expect':
      fields.expect = value;
      break;
    case 'upgrade':
      fields.upgrade = value;
      break;
    case 'x-forwarded-for':
      fields.forwardedFor = joined(fields.forwardedFor, value);
      break;
    case 'x-forwarded-proto':
      fields.forwardedProto ??= value;
      break;
    case 'x-request-id':
      fields.requestId ??= value;
      break;
    case 'traceparent':
      fields.traceparent = joined(fields.traceparent, value);
      break;
    // Read of responses only.
    case 'keep-alive':
    case 'server':
      break;
  }
}

function withValue(values: readonly string[], value: string): readonly string[] {
  return values === NONE ? [value] : [...values, value];
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}
