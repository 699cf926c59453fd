/** Responses of upstreams that are read, and those that are refused. */

/** Each part with CRLF. */
export const lines = (...parts: readonly string[]): string => `${parts.join('\r\n')}\r\n`;

export interface Case {
  readonly name: string;
  /** The bytes of the upstream, latin1. */
  readonly given: string;
  readonly method?: string;
  /** The upstream then closes its side. */
  readonly isClosed?: boolean;
}

export const GOOD: readonly (Case & {
  readonly want: {
    readonly status: number;
    readonly body: string;
    readonly isPersistent: boolean;
    readonly trailers?: readonly string[];
    readonly interims?: readonly number[];
  };
})[] = [
  {
    name: 'a body of known length',
    given: `${lines('HTTP/1.1 200 OK', 'Content-Length: 5', '')}hello`,
    want: { status: 200, body: 'hello', isPersistent: true },
  },
  {
    name: 'an empty body of known length',
    given: lines('HTTP/1.1 200 OK', 'content-length:0', ''),
    want: { status: 200, body: '', isPersistent: true },
  },
  {
    name: 'chunks with an extension and trailers',
    given: lines(
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: Chunked',
      '',
      '5;a=b',
      'hello',
      '1',
      '!',
      '0',
      'Sum: 6',
      '',
    ),
    want: { status: 200, body: 'hello!', isPersistent: true, trailers: ['Sum', '6'] },
  },
  {
    name: 'a body that ends with the connection',
    given: `${lines('HTTP/1.1 200 OK', '')}hello`,
    isClosed: true,
    want: { status: 200, body: 'hello', isPersistent: false },
  },
  {
    name: 'no body for HEAD, whatever the length says',
    given: lines('HTTP/1.1 200 OK', 'Content-Length: 5', ''),
    method: 'HEAD',
    want: { status: 200, body: '', isPersistent: true },
  },
  {
    name: 'no body with 204 and with 304',
    given: lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5', ''),
    want: { status: 304, body: '', isPersistent: true },
  },
  {
    name: 'interim responses before the final one',
    given:
      lines('HTTP/1.1 100 Continue', '') +
      lines('HTTP/1.1 103 Early Hints', 'Link: </a>', '') +
      lines('HTTP/1.1 204 No Content', ''),
    want: { status: 204, body: '', isPersistent: true, interims: [100, 103] },
  },
  {
    name: 'a status line without a reason, and bytes beyond ASCII in a value',
    given: lines('HTTP/1.1 200', 'X-Name: \xe9\t!', 'Content-Length: 0', ''),
    want: { status: 200, body: '', isPersistent: true },
  },
  {
    name: 'an HTTP/1.0 response that keeps the connection',
    given: `${lines('HTTP/1.0 200 OK', 'Connection: Keep-Alive', 'Content-Length: 2', '')}ok`,
    want: { status: 200, body: 'ok', isPersistent: true },
  },
  {
    name: 'a connection that is not to be used again',
    given: lines('HTTP/1.1 200 OK', 'Connection: foo, Close', 'Content-Length: 0', ''),
    want: { status: 200, body: '', isPersistent: false },
  },
];

export const BAD: readonly (Case & { readonly want: string })[] = [
  {
    name: 'what is not HTTP',
    given: 'SSH-2.0-OpenSSH_9.2\r\n',
    want: 'the answer is not HTTP/1',
  },
  {
    name: 'another version',
    given: lines('HTTP/2.0 200 OK', ''),
    want: 'the answer is not HTTP/1',
  },
  {
    name: 'a status of two digits',
    given: lines('HTTP/1.1 20 OK', ''),
    want: 'the status line is not valid',
  },
  {
    name: 'a switch of protocols that nobody asked for',
    given: lines('HTTP/1.1 101 Switching Protocols', 'Upgrade: x', ''),
    want: 'the response switches protocols unasked',
  },
  {
    name: 'Content-Length with Transfer-Encoding',
    given: lines('HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked', ''),
    want: 'there are both Content-Length and Transfer-Encoding',
  },
  {
    name: 'two lengths',
    given: lines('HTTP/1.1 200 OK', 'Content-Length: 5', 'content-length: 6', ''),
    want: 'there are two Content-Length headers',
  },
  {
    name: 'a list of lengths',
    given: lines('HTTP/1.1 200 OK', 'Content-Length: 5, 5', ''),
    want: 'the Content-Length is not a number',
  },
  {
    name: 'a signed length',
    given: lines('HTTP/1.1 200 OK', 'Content-Length: +5', ''),
    want: 'the Content-Length is not a number',
  },
  {
    name: 'a coding other than chunked',
    given: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', ''),
    want: 'the Transfer-Encoding is not chunked',
  },
  {
    name: 'two codings',
    given: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', ''),
    want: 'the Transfer-Encoding is not chunked',
  },
  {
    name: 'chunks in HTTP/1.0',
    given: lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked', ''),
    want: 'there is a Transfer-Encoding in an HTTP/1.0 response',
  },
  {
    name: 'a continued line',
    given: lines('HTTP/1.1 200 OK', 'X-A: 1', ' 2', ''),
    want: 'a header name is not valid',
  },
  {
    name: 'a continued line with a colon',
    given: lines('HTTP/1.1 200 OK', 'X-A: 1', ' b: 2', ''),
    want: 'a header name is not valid',
  },
  {
    name: 'white space before the colon',
    given: lines('HTTP/1.1 200 OK', 'Content-Length : 5', ''),
    want: 'a header name is not valid',
  },
  {
    name: 'a line feed without carriage return',
    given: lines('HTTP/1.1 200 OK', 'X-A: 1\nContent-Length: 5', ''),
    want: 'a header value holds a control character',
  },
  {
    name: 'a carriage return without line feed',
    given: lines('HTTP/1.1 200 OK', 'X-A: 1\rContent-Length: 5', ''),
    want: 'a header value holds a control character',
  },
  {
    name: 'a vertical tab at the end of a value',
    given: lines('HTTP/1.1 200 OK', 'X-A: 1\v', ''),
    want: 'a header value holds a control character',
  },
  {
    name: 'a NUL',
    given: lines('HTTP/1.1 200 OK', 'X-A: \0', ''),
    want: 'a header value holds a control character',
  },
  {
    name: 'a line without colon',
    given: lines('HTTP/1.1 200 OK', 'X-A', 'X-B: 1', ''),
    want: 'a header name is not valid',
  },
  {
    name: 'a chunk size that is no number',
    given: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0x5', 'hello', '0', ''),
    want: 'a chunk size is not valid',
  },
  {
    name: 'a chunk size with white space',
    given: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5 ', 'hello', '0', ''),
    want: 'a chunk size is not valid',
  },
  {
    name: 'a chunk that is longer than its size',
    given: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '4', 'hello', '0', ''),
    want: 'a chunk is longer than its size',
  },
  {
    name: 'a chunk line that ends with a bare line feed',
    given: `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '')}5\nhello\r\n0\r\n\r\n`,
    want: 'a line of the chunked coding ends without CR',
  },
  {
    name: 'a chunk line without end',
    given: `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '')}5;${'x'.repeat(2_000)}`,
    want: 'a chunk line or the trailers are too long',
  },
  {
    name: 'bytes after the end',
    given: `${lines('HTTP/1.1 200 OK', 'Content-Length: 2', '')}okHTTP/1.1 200 OK\r\n`,
    want: 'there are bytes after the end of the response',
  },
  {
    name: 'a head without end',
    given: `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(70_000)}`,
    want: 'the head of the response is too large',
  },
  {
    name: 'interim responses without end',
    given: lines('HTTP/1.1 103 Early Hints', `Link: ${'x'.repeat(1_000)}`, '').repeat(70),
    want: 'the head of the response is too large',
  },
  {
    name: 'a close before the response',
    given: 'HTTP/1.1 200 OK\r\n',
    isClosed: true,
    want: 'the connection closed before a response',
  },
  {
    name: 'a close within the body',
    given: `${lines('HTTP/1.1 200 OK', 'Content-Length: 5', '')}hell`,
    isClosed: true,
    want: 'the connection closed within the body',
  },
  {
    name: 'a close before the last chunk',
    given: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello'),
    isClosed: true,
    want: 'the connection closed within the body',
  },
];
