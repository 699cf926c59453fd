/** Writes a failed exchange to the log, as loud as the person who has to act. */

import type { ExchangeRequest } from '../authz/ports.ts';
import type { Logger } from '../telemetry/ports.ts';
import type { TokenFailure } from './token-failure.ts';

export function logFailure(
  logger: Logger,
  { plan, clientId }: ExchangeRequest,
  { reason, detail, cause, errorCode }: TokenFailure,
): void {
  const { issuer } = plan.provider;
  const fields = { issuer, policy: plan.policy, clientId, reason, detail, cause, errorCode };
  switch (reason) {
    case 'ProviderMisconfigured':
    case 'TokenRejected':
      return logger.error(fields, 'exchange failed');
    case 'ProviderRateLimited':
    case 'ProviderUnavailable':
      return logger.warn(fields, 'exchange failed');
    case 'InvalidClient':
    case 'GrantMissing':
    case 'CallerQuotaExceeded':
      return logger.info(fields, 'exchange refused');
  }
}
