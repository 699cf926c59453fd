/** What gRPC asks of a gateway is told by the type of the request's content. */

import type { Transaction } from './transaction.ts';

/** Answers take the form of gRPC, and an upstream is spoken to by HTTP/2. */
export function isGrpc({ fields }: Transaction): boolean {
  return fields.contentType?.startsWith('application/grpc') === true;
}
