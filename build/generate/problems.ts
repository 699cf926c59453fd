/** `docs/reference/problems.md`: what can be wrong with a configuration, and how to mend it. */

import {
  FURTHER_REASONS,
  PROBLEM_REASONS,
  type FurtherReason,
  type ProblemReason,
} from '../../src/model/problems.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

export interface Explanation {
  readonly meaning: string;
  readonly cure: string;
}

export const EXPLANATIONS: Readonly<Record<ProblemReason, Explanation>> = {
  InvalidObject: {
    meaning: 'The object, or one that it needs, has a field that cannot be read.',
    cure: 'Mend the field that the message names. In a cluster the API server refuses most of these at `kubectl apply`.',
  },
  UnknownAnnotation: {
    meaning: 'An annotation under `oidc-ingress.io/` is not one of [those that exist](annotations.md).',
    cure: 'Correct its spelling or remove it. Until then every route of the Ingress refuses.',
  },
  InvalidAnnotation: {
    meaning: 'The value of an annotation of ours has the wrong form.',
    cure: 'Write it as the message says.',
  },
  ForeignAnnotation: {
    meaning:
      'The Ingress has annotations of another controller, such as `nginx.ingress.kubernetes.io/auth-url`. They do nothing here; what they protected may be open.',
    cure: 'Say the same by [annotations of ours](annotations.md) and by a policy, then remove them. [Their counterparts](../how-to/install-with-helm.md#coming-from-another-controller) are listed.',
  },
  InvalidHost: {
    meaning: 'The host of a rule is neither a DNS name nor `*.` and a DNS name.',
    cure: 'Correct the host. The rule serves nothing until then; the other rules do.',
  },
  InvalidPath: {
    meaning:
      'A path does not start with `/`, or holds what no request can match, or has an unknown path type.',
    cure: 'Correct the path. Only `Exact`, `Prefix` and `ImplementationSpecific` (read as `Prefix`) exist.',
  },
  UnsupportedBackend: {
    meaning:
      'The backend is a resource, or names no port, or is a Service of type ExternalName that may not be called.',
    cure: 'Name a Service with a selector or with EndpointSlices, and its port. ExternalName needs the flag `--allow-external-name` and a full DNS name outside of the cluster.',
  },
  UnsupportedProtocol: {
    meaning: 'The port of the Service asks for a protocol that is not spoken to services.',
    cure: 'Set `appProtocol` of the port to one of those that the message names, or say by `oidc-ingress.io/backend-protocol` how it is spoken to.',
  },
  PolicyNotFound: {
    meaning: 'The OIDCPolicy that protects the routes does not exist.',
    cure: 'Create it, or correct the name in the annotation or in `parameters` of the IngressClass.',
  },
  PolicyInvalid: {
    meaning: 'The OIDCPolicy exists and cannot be enforced.',
    cure: 'Read its condition `Accepted`: `kubectl describe oidcpolicy NAME`.',
  },
  PolicyNotPermitted: {
    meaning:
      'The OIDCPolicy is in another namespace and does not admit this one, or the Ingress may not opt out.',
    cure: 'Set `allowedNamespaces` of the policy, or use a policy of the same namespace.',
  },
  InsecureIssuer: {
    meaning: 'An issuer or endpoint of the provider uses plain `http`.',
    cure: 'Use `https`. For development only: `--allow-insecure-issuers`.',
  },
  IssuerNotAllowed: {
    meaning: 'The issuer is not one of those that this gateway may use.',
    cure: 'Ask who runs the gateway to allow it.',
  },
  SecretNotFound: {
    meaning:
      'A Secret that a policy or an annotation refers to does not exist in the same namespace, or is not of type `kubernetes.io/tls` where a certificate is meant.',
    cure: 'Create it, or correct the name.',
  },
  SecretInvalid: {
    meaning:
      'A Secret that a policy or an annotation refers to has the wrong type, lacks the key, holds no valid PEM, or a private key that is not that of the certificate or too short.',
    cure: 'Correct its content as the message says.',
  },
  ConfigMapNotFound: {
    meaning: 'A ConfigMap that a policy or an annotation refers to does not exist in the same namespace.',
    cure: 'Create it, or correct the name.',
  },
  ConfigMapInvalid: {
    meaning: 'A ConfigMap that a policy or an annotation refers to lacks the key or holds no valid PEM.',
    cure: 'Correct its content as the message says.',
  },
  ServiceNotFound: {
    meaning: 'The Service of a backend does not exist in the namespace of the Ingress.',
    cure: 'Create it, or correct the name. The path answers 503 until then.',
  },
  PortNotFound: {
    meaning:
      'The Service exists and has no port of this name or number; the message lists those that it has.',
    cure: 'Correct the port of the backend; the target port does not count.',
  },
  NoEndpoints: {
    meaning: 'No pod of the Service is ready.',
    cure: 'Look at the pods and at the selector of the Service: `kubectl get endpointslices`.',
  },
  InvalidEndpoint: {
    meaning:
      'An endpoint has an address that is never called: not an IP address, loopback, link-local or metadata.',
    cure: 'Remove it from the EndpointSlice. The other endpoints serve.',
  },
  HostPathConflict: {
    meaning: 'Another, older Ingress has the same host and path; it serves them.',
    cure: 'Change host or path of one of the two.',
  },
  HostOwnedByOther: {
    meaning:
      'With `--host-ownership=namespace`: the host, or the wildcard that covers it, belongs to the namespace of an older Ingress.',
    cure: 'Use another host, or move the Ingress to the namespace that owns it. The rule serves nothing, and the certificate is not offered.',
  },
  CanaryWithoutRoute: {
    meaning:
      'A canary has a host, path and path type for which no other Ingress of its namespace has a route.',
    cure: 'Give it exactly the host, path and path type of the route that it is a canary of. Where nobody else serves the path, it answers 503.',
  },
  IngressClassNotFound: {
    meaning: 'The IngressClass that the Ingress names does not exist, so that nobody serves it.',
    cure: 'Create the class or correct `spec.ingressClassName`.',
  },
  TlsSecretNotFound: {
    meaning:
      'The Secret of a `tls` entry does not exist in the namespace of the Ingress, or is not of type `kubernetes.io/tls`.',
    cure: 'Create it, as by `kubectl create secret tls`, or correct the name. Its hosts get the default certificate until then.',
  },
  TlsSecretInvalid: {
    meaning:
      'The Secret of a `tls` entry is not of type `kubernetes.io/tls`, or certificate and key cannot be used.',
    cure: 'Write chain and key that belong together.',
  },
  OpenidScope: {
    meaning: 'The policy asks for the scope `openid`, which Auth0 refuses for the client-credentials grant.',
    cure: 'Remove `openid` from `clientCredentials.scopes`.',
  },
  NoAudience: {
    meaning:
      'The policy requires no audience, so that tokens for any API of the issuer are accepted where the Ingress names none either. Auth0 refuses a token request without one unless the tenant has a default audience.',
    cure: 'Set `clientCredentials.audience` to the Identifier of the API; for a provider that takes none, set `require.audiences` to what its tokens hold.',
  },
  IssuerWithoutTrailingSlash: {
    meaning: 'The issuer looks like one of Auth0 and lacks the final `/`, so that no token will match it.',
    cure: 'Add the `/`.',
  },
};

const FURTHER: Readonly<Record<FurtherReason, Explanation>> = {
  Unreadable: {
    meaning:
      'A file, or a list of the API server, cannot be read, so that objects may be missing. `validate` prints it without its name.',
    cure: 'Mend the file at the line that is named, or give the gateway the right that the message names. What was read before stays in service.',
  },
  CertificateExpiresSoon: {
    meaning: 'A certificate ends within 14 days.',
    cure: 'See why it was not renewed: with cert-manager `kubectl describe certificate`, else renew it by hand.',
  },
  CertificateExpired: {
    meaning:
      'A certificate is past its end. Callers refuse the connection; where it is a client certificate, Services refuse that of the gateway.',
    cure: 'Write a new certificate and key to the Secret; it is in service within a second.',
  },
  CertificateNotYetValid: {
    meaning: 'A certificate begins later than now, with the consequences of an expired one.',
    cure: 'Compare the clock of the node with that of who issued it, or write one that is valid to the Secret.',
  },
};

export function renderProblems(): string {
  return page(
    generatedFrom('src/model/problems.ts'),
    '# Problems',
    'What can be wrong with a configuration. A problem is shown by `oidc-ingress validate`, in the log, as an Event of its object and in the status of a policy. An error refuses the routes that depend on it (503); a warning refuses nothing by itself. What the conditions of a policy say beyond these: [conditions](conditions.md).',
    problemTable(PROBLEM_REASONS, EXPLANATIONS),
    '## Of what is no object\n\nOn the status page and at `/v1/status` only; `validate` prints the first too. The status page also lists what is wrong with a provider, by the reasons of the [conditions](conditions.md#issuerready).',
    problemTable(FURTHER_REASONS, FURTHER),
  );
}

function problemTable<R extends string>(
  severities: Readonly<Record<R, 'error' | 'warning'>>,
  explanations: Readonly<Record<R, Explanation>>,
): string {
  return table(
    ['reason', 'severity', 'meaning', 'cure'],
    (Object.keys(severities) as R[]).map((reason) => [
      `<a id="${reason}"></a>${code(reason)}`,
      severities[reason],
      explanations[reason].meaning,
      explanations[reason].cure,
    ]),
  );
}
