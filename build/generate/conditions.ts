/** `docs/reference/conditions.md`: what the status of an OIDCPolicy can say, and what to do. */

import { CONDITION_REASONS, type ConditionReason, type ConditionType } from '../../src/model/conditions.ts';
import type { ProblemReason } from '../../src/model/problems.ts';
import { code, generatedFrom, page, table } from './markdown.ts';
import { EXPLANATIONS, type Explanation } from './problems.ts';

type Explanations = {
  readonly [T in ConditionType]: Readonly<Record<Exclude<ConditionReason<T>, ProblemReason>, Explanation>>;
};

const NOTHING = 'Nothing.';

const CONDITIONS: Explanations = {
  Accepted: {
    Accepted: { meaning: 'The policy can be enforced.', cure: NOTHING },
    Invalid: {
      meaning: 'A field cannot be read, or two contradict one another; the message names each.',
      cure: 'Mend the fields. Until then every route that the policy protects answers 503 `PolicyUnavailable`.',
    },
  },
  IssuerReady: {
    Ready: {
      meaning:
        'The discovery document and a key of a required algorithm were read. The message says how many keys.',
      cure: NOTHING,
    },
    Pending: {
      meaning: 'The provider has not been asked yet, or is not asked because the policy is not accepted.',
      cure: 'Wait some seconds, or see to `Accepted` first.',
    },
    DiscoveryFailed: {
      meaning:
        'The discovery document cannot be fetched or read, or names no endpoint that is needed; the message has the address and what came of it.',
      cure: 'Call the address of the message by `curl` from the cluster; look at egress rules, `HTTPS_PROXY`, `spec.provider.ca` and the spelling of the issuer. `spec.provider.tokenEndpoint` and `spec.provider.jwksUri` make discovery needless.',
    },
    IssuerMismatch: {
      meaning: 'The discovery document names another issuer than the policy.',
      cure: 'Copy the issuer of the message into `spec.provider.issuer`, to the letter: the one of Auth0 ends with `/`.',
    },
    NoKeys: {
      meaning: 'The key set cannot be fetched or read, or holds no key that can be used.',
      cure: 'Call the address of the message by `curl` from the cluster. A key of RSA has at least 2048 bits.',
    },
    UnsupportedAlgorithm: {
      meaning: 'No key of the provider is for an algorithm that the policy accepts.',
      cure: 'Set `spec.verification.algorithms` to what the provider signs with (Auth0: APIs, your API, Settings, Signing Algorithm; HS256 is never accepted).',
    },
  },
  Programmed: {
    Programmed: { meaning: 'Every proxy thread serves the policy.', cure: NOTHING },
    NotAccepted: {
      meaning: 'The requests that the policy covers are refused.',
      cure: 'See to `Accepted`.',
    },
  },
  Warnings: {
    None: { meaning: 'There is none.', cure: NOTHING },
    GrantNotOffered: {
      meaning:
        'The discovery document lists the grants of the provider, and `client_credentials` is not among them. Some providers list only a part: tokens are asked for all the same.',
      cure: 'Where exchanges fail, enable the grant at the provider (Auth0: Applications, your application, Settings, Advanced Settings, Grant Types).',
    },
    AuthMethodNotOffered: {
      meaning:
        'The discovery document lists how clients may authenticate, and the way of the policy is not among them.',
      cure: 'Set `spec.clientCredentials.tokenEndpointAuthMethod` to one that the message names.',
    },
    ProviderStale: {
      meaning:
        'The last look at the provider failed. The discovery document and keys from before are still used.',
      cure: 'Nothing if it goes away by itself; else as for `DiscoveryFailed` and `NoKeys`.',
    },
    ProviderMisconfigured: {
      meaning:
        'The last token request was refused for a reason that no caller can cure; the message holds the error code of the provider. Goes with the next exchange that succeeds.',
      cure: 'Compare audience, organization and parameters of the policy with the provider: `oidc-ingress check`.',
    },
    TokenRejected: {
      meaning:
        'The last token was issued and did not pass verification; the message says which check failed. Goes with the next exchange that succeeds.',
      cure: 'Set `audience` (Auth0 issues an opaque token without one), or what the message names under `spec.provider` and `spec.verification`.',
    },
  },
};

const INTRODUCTIONS: Readonly<Record<ConditionType, string>> = {
  Accepted: 'Whether the spec can be used. An outage of the provider never makes it `False`.',
  IssuerReady: 'Whether tokens can be asked for and verified.',
  Programmed: 'Whether the proxies serve it.',
  Warnings:
    'What works, but hardly as it is meant. The reason is that of the first warning, the message has a line for each. Besides these, every [problem](problems.md) of the policy whose severity is warning.',
};

export function renderConditions(): string {
  return page(
    generatedFrom('src/model/conditions.ts'),
    '# Conditions',
    'What `kubectl describe oidcpolicy` shows under Conditions. An Ingress has no conditions: its [problems](problems.md) are Events, and an Event `Programmed` says that every route of it is served.',
    ...(Object.keys(CONDITION_REASONS) as ConditionType[]).flatMap((type) => [
      `## ${type}\n\n${INTRODUCTIONS[type]}`,
      conditionTable(type),
    ]),
  );
}

function conditionTable(type: ConditionType): string {
  const explanations: Readonly<Record<string, Explanation>> = { ...EXPLANATIONS, ...CONDITIONS[type] };
  return table(
    ['reason', 'status', 'meaning', 'what to do'],
    Object.entries(CONDITION_REASONS[type]).map(([reason, status]) => [
      code(reason),
      status,
      explanations[reason]?.meaning ?? '',
      explanations[reason]?.cure ?? '',
    ]),
  );
}
