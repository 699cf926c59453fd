/** In which ways the gateway and llhttp read the same bytes differently, and why that is in order. */

/** `difference`: as {@link file://./differences.ts} words them. */
export interface Class {
  readonly difference: RegExp;
  readonly why: string;
}

/** Never among them: another method, target, header, body or trailer, or a request that only one of them has understood. */
export const CLASSES: readonly Class[] = [
  {
    difference: /^not for llhttp: HPE_INVALID_METHOD$/,
    why: 'llhttp knows a list of methods; whether a service has others is for the service to say',
  },
  {
    difference: /^not for llhttp: HPE_INVALID_VERSION$/,
    why: 'HTTP/1.2 and what may follow is served as 1.1 (RFC 9110, section 2.5)',
  },
  {
    difference: /^not for the gateway: the version of HTTP must be 1\.0 or 1\.1$/,
    why: 'llhttp still reads HTTP/0.9, and a request line of HTTP/2.0',
  },
  {
    difference: /^not for the gateway: Transfer-Encoding must not be sent in HTTP\/1\.0$/,
    why: 'an intermediary that speaks 1.0 does not know chunks, and sees another end (RFC 9112, section 6.1)',
  },
  {
    difference: /^not for the gateway: the (?:method|request line) is not valid$/,
    why: 'llhttp skips a line feed or a carriage return alone before a request line',
  },
  {
    difference: /^not for the gateway: malformed$/,
    why: 'the same, where the rest of the head has not come yet',
  },
  {
    difference: /^not for the gateway: Transfer-Encoding must be (?:chunked|sent at most once)$/,
    why: 'llhttp takes other codings before chunked, and without chunked no body at all or one without an end',
  },
  {
    difference: /^not for the gateway: Content-Length must be a number of bytes$/,
    why: 'llhttp takes any number of zeros in front',
  },
  {
    difference: /^not for the gateway: Host must be /,
    why: 'llhttp does not read Host',
  },
  {
    difference: /^not for the gateway: request target must /,
    why: 'llhttp takes more forms of a target, backslashes and fragments among them',
  },
  {
    difference: /^not for the gateway: path must /,
    why: 'llhttp does not decode what a target holds',
  },
  {
    difference: /^not for the gateway: method (?:TRACE is not served|must be in capitals)$/,
    why: 'llhttp leaves it to its server what a method means',
  },
  {
    difference: /^not for the gateway: Expect must be 100-continue$/,
    why: 'llhttp does not read Expect',
  },
  {
    difference: /^not for the gateway: closed$/,
    why: 'llhttp takes Proxy-Connection for Connection: here the connection ends, and what follows is nobody’s request',
  },
  {
    difference:
      /^the body ends for the gateway only: HPE_(?:INVALID_CHUNK_SIZE|STRICT Invalid character in chunk extensions?)(?:, trailers|$)/,
    why: 'llhttp takes no white space around an extension of a chunk, which is allowed (RFC 9112, section 7.1.1)',
  },
  {
    difference:
      /^the body ends for the gateway only: HPE_INVALID_(?:CONTENT_LENGTH, trailers .*Content-Length|TRANSFER_ENCODING, trailers .*Transfer-Encoding)/i,
    why: 'behind a body nothing frames it any more; the gateway does not pass such trailers on',
  },
  {
    difference: /^the body ends for the gateway only: HPE_INVALID_TRANSFER_ENCODING(?:, trailers|$)/,
    why: 'llhttp takes a tab behind chunked for a part of it; it is white space (RFC 9110, section 5.6.3)',
  },
  {
    difference: /^the body ends for llhttp only: a chunk size is not valid$/,
    why: 'llhttp takes any number of zeros in front',
  },
  {
    difference: /^given up by llhttp only: HPE_/,
    why: 'what is wrong in a part of a line already; the gateway judges whole lines, and does not wait for them without end',
  },
  {
    difference: /^given up by the gateway only: malformed$/,
    why: 'a line feed alone before a request line, which llhttp skips',
  },
];
