/** What works, but hardly as its author meant it. */

import type { PolicySpec } from '../policy/schema.ts';
import { compareTexts } from './order.ts';
import type { Cause, Report } from './problem-list.ts';
import { quote } from './quote.ts';

/** Reports the warnings of a policy and gives them back, sorted by reason. */
export function policyWarnings(spec: PolicySpec, report: Report): readonly Cause[] {
  const warnings: Cause[] = [];
  const warn: Report = (field, cause) => {
    warnings.push({ reason: cause.reason, message: `${field}: ${cause.message}` });
    report(field, cause);
  };
  const { provider, clientCredentials, require } = spec;
  if (clientCredentials?.scopes.includes('openid')) {
    warn('spec.clientCredentials.scopes', {
      reason: 'OpenidScope',
      message: 'openid is for users: Auth0 refuses it for the client-credentials grant',
    });
  }
  const audiences = require.audiences ?? [clientCredentials?.audience].filter((each) => each !== undefined);
  if (audiences.length === 0) {
    warn('spec.require.audiences', {
      reason: 'NoAudience',
      message:
        'no audience is set: tokens for any API of the issuer are accepted where the Ingress names none either',
    });
  }
  if (isAuth0(provider.issuer) && !provider.issuer.endsWith('/')) {
    warn('spec.provider.issuer', {
      reason: 'IssuerWithoutTrailingSlash',
      message: `${quote(provider.issuer)} should end with /, as the issuer of Auth0 does`,
    });
  }
  return warnings.sort((a, b) => compareTexts(a.reason, b.reason));
}

function isAuth0(issuer: string): boolean {
  return URL.parse(issuer)?.hostname.endsWith('.auth0.com') ?? false;
}
