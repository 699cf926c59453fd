/** What a caller got back on one connection. */

import assert from 'node:assert/strict';

export interface Answers {
  /** How many are those of the service. */
  readonly count: number;
  /** Of the refusal that ended the connection: the detail of its problem, `HEAD` where it had no body. */
  readonly refusal: string | undefined;
}

/**
 * Reads the answers to requests with these methods, those that the service could not read (502) in between, and at most one refusal behind them, which says that the connection
 * ends. Throws where there is anything else.
 */
export function readAnswers(text: string, methods: readonly string[]): Answers {
  let count = 0;
  let rest = text;
  let refusal: string | undefined;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    assert.ok(end > 0 && rest.startsWith('HTTP/1.1 '), `no head of an answer: ${rest.slice(0, 200)}`);
    const head = rest.slice(0, end);
    rest = rest.slice(end + 4);
    const status = Number(head.slice(9, 12));
    if (status === 100) continue;
    assert.equal(refusal, undefined, `an answer behind a refusal: ${head}`);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
    const isBodyless = status === 200 ? methods[count] === 'HEAD' : rest === '';
    const body = isBodyless ? '' : rest.slice(0, length);
    assert.ok(isBodyless || body.length === length, `a body that is not ${length} bytes long: ${head}`);
    rest = rest.slice(body.length);
    if (status === 200) {
      count += 1;
    } else if (status !== 502) {
      assert.match(head, /\r\nConnection: close(?:\r\n|$)/);
      refusal = isBodyless ? 'HEAD' : String((JSON.parse(body) as Record<string, unknown>)['detail']);
    }
  }
  return { count, refusal };
}
