/** The trailers of a caller's request as the upstream gets them. */

import { normaliseHeaderName } from '../http/header-names.ts';
import { trailersForUpstream } from '../http/request-trailers.ts';
import type { UpstreamInput } from './upstream-request.ts';

/** To be called when the body has come whole: alternating names and values. */
export function upstreamTrailers({ transaction, identityHeaders }: UpstreamInput): readonly string[] {
  const { request, fields, plan, settings } = transaction;
  const { rawTrailers } = request;
  if (rawTrailers.length === 0) return rawTrailers;
  const owned = new Set(settings?.requestEdits?.names);
  // What the caller chose of the token was looked at in its headers.
  for (const { from } of plan?.clientCredentials?.callerParameters ?? []) {
    if ('header' in from) owned.add(normaliseHeaderName(from.header));
  }
  return trailersForUpstream(rawTrailers, { connection: fields.connection, identityHeaders, owned });
}
