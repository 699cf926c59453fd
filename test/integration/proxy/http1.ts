/** What the tests of callers' HTTP/1.1 connections share. */

import { startGateway, tableFor, type GatewayOptions, type Gateway } from './harness.ts';
import type { RawUpstream } from './raw.ts';

export const HOST = 'Host: shop.example.com';
export const CLOSE = 'Connection: close';
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A gateway in front of one service; both end with the test. */
export async function startInFrontOf(
  upstream: RawUpstream,
  test: { after(fn: () => Promise<void>): void },
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  test.after(() => upstream.close());
  return await startGateway(test, { table: tableFor([upstream.port]), ...options });
}
