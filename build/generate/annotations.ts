/** `docs/reference/annotations.md`: what an Ingress and an IngressClass may say. */

import {
  AUDIENCE_ANNOTATION,
  DEFAULT_CLASS_ANNOTATION,
  INGRESS_ANNOTATIONS,
  LEGACY_CLASS_ANNOTATION,
  POLICY_ANNOTATION,
  SCOPES_ANNOTATION,
} from '../../src/model/names.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

const MEANINGS: Readonly<Record<string, string>> = {
  [POLICY_ANNOTATION]:
    '`NAME` of an OIDCPolicy in the same namespace, or `NAMESPACE/NAME` where `allowedNamespaces` of that policy admits this namespace. `none` says that the Ingress is open; it is refused where the class has a default policy.',
  [AUDIENCE_ANNOTATION]:
    'The audience (Auth0: API Identifier) for this Ingress, instead of the one of the policy, so that one policy can serve many APIs. Where the policy sets `require.audiences`, it must be one of them.',
  [SCOPES_ANNOTATION]:
    'Scopes, separated by spaces, that this Ingress requires on top of those of the policy.',
};

const HONOURED: readonly (readonly [string, string])[] = [
  [
    LEGACY_CLASS_ANNOTATION,
    'On an Ingress: the deprecated way to name its class. `spec.ingressClassName` is the other.',
  ],
  [DEFAULT_CLASS_ANNOTATION, 'On an IngressClass: `"true"` makes it the class of Ingresses that name none.'],
];

export function renderAnnotations(): string {
  const unexplained = INGRESS_ANNOTATIONS.filter((name) => MEANINGS[name] === undefined);
  if (unexplained.length > 0) throw new Error(`no meaning given for ${unexplained.join(', ')}`);
  return page(
    generatedFrom('src/model/names.ts'),
    '# Annotations',
    'On an Ingress. Any other annotation under `oidc-ingress.io/` is an error: the routes of that Ingress answer 503 `PolicyUnavailable`, and the Ingress has the problem `UnknownAnnotation`. A typo never opens a path.',
    table(
      ['annotation', 'meaning'],
      INGRESS_ANNOTATIONS.map((name) => [code(name), MEANINGS[name] ?? '']),
    ),
    'Of Kubernetes, honoured too:',
    table(
      ['annotation', 'meaning'],
      HONOURED.map(([name, meaning]) => [code(name), meaning]),
    ),
  );
}
