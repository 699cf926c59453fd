/** The headers of a request that the gateway itself reads, gathered in one pass. */

export interface RequestFields {
  /** The values of all lines. */
  readonly authorization: readonly string[];
  readonly contentType: string | undefined;
  /** The body is not what its type says until it is decoded. */
  readonly isEncoded: boolean;
  readonly contentLength: number;
  readonly isChunked: boolean;
  /** All lines, joined by `,`. */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly requestId: string | undefined;
  /** All lines, joined by `,`. */
  readonly traceparent: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NONE: readonly string[] = [];

/** `rawHeaders`: alternating names and values, as Node gives them. */
export function readRequestFields(rawHeaders: readonly string[]): RequestFields {
  const fields: Mutable<RequestFields> = {
    authorization: NONE,
    contentType: undefined,
    isEncoded: false,
    contentLength: 0,
    isChunked: false,
    forwardedFor: undefined,
    forwardedProto: undefined,
    requestId: undefined,
    traceparent: undefined,
  };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // Only names of these lengths are of interest: the others need no lower-case copy.
    if (name.length >= 11 && name.length <= 17) {
      readField(fields, name.toLowerCase(), rawHeaders[at + 1] ?? '');
    }
  }
  return fields;
}

function readField(fields: Mutable<RequestFields>, name: string, value: string): void {
  switch (name) {
    case 'authorization':
      fields.authorization = fields.authorization === NONE ? [value] : [...fields.authorization, value];
      break;
    case 'content-type':
      fields.contentType ??= value;
      break;
    case 'content-encoding':
      fields.isEncoded ||= value.toLowerCase() !== 'identity';
      break;
    case 'content-length':
      fields.contentLength = Number(value);
      break;
    case 'transfer-encoding':
      fields.isChunked = true;
      break;
    case 'x-forwarded-for':
      fields.forwardedFor = fields.forwardedFor === undefined ? value : `${fields.forwardedFor},${value}`;
      break;
    case 'x-forwarded-proto':
      fields.forwardedProto ??= value;
      break;
    case 'x-request-id':
      fields.requestId ??= value;
      break;
    case 'traceparent':
      fields.traceparent = fields.traceparent === undefined ? value : `${fields.traceparent},${value}`;
      break;
  }
}
