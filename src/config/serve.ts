/** The flags of `oidc-ingress serve`, and the frozen configuration that they give. */

import { availableParallelism } from 'node:os';

import { z } from 'zod';

import type { Fault } from '../model/faults.ts';
import { decodeFlags, type FlagTable, type FlagValues } from './flags.ts';
import {
  addressList,
  bound,
  cidrList,
  durationMs,
  issuerList,
  listenAddress,
  namespaceList,
  namespacedName,
  objectName,
  toggle,
  wholeNumber,
} from './values.ts';

const HOUR_MS = 3_600_000;

export const SERVE_FLAGS = {
  'http-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: ':8080',
    description: 'Where callers connect in clear text: `:PORT`, `ADDRESS:PORT`, `[IPV6]:PORT` or `off`.',
  },
  'https-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: ':8443',
    description: 'Where callers connect over TLS, in the same forms.',
  },
  'admin-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: ':10254',
    description: 'Probes, metrics and debug pages, in the same forms.',
  },
  manifests: {
    schema: z.string().min(1, { error: 'must be a directory' }).optional(),
    placeholder: 'DIR',
    defaultText: undefined,
    description:
      'Read Kubernetes objects from the YAML files of this directory and follow their changes, instead of a cluster.',
  },
  kubeconfig: {
    schema: z.string().min(1, { error: 'must be a file' }).optional(),
    placeholder: 'FILE',
    defaultText: undefined,
    description:
      'Kubeconfig of the cluster. Default: the service account of the pod, else `KUBECONFIG`, else `~/.kube/config`.',
  },
  'ingress-class': {
    schema: z.string().min(1, { error: 'must be the name of an IngressClass' }).optional(),
    placeholder: 'NAME',
    defaultText: undefined,
    description:
      'Serve only this IngressClass. Default: every class whose controller is `oidc-ingress.io/controller`.',
  },
  'watch-ingress-without-class': {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description: 'Also serve Ingresses that name no class.',
  },
  'ssl-redirect': {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description:
      'Answer clear-text requests with 308 to `https`, where the annotation `oidc-ingress.io/ssl-redirect` of an Ingress does not say otherwise.',
  },
  'allow-external-name': {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description:
      'Let Services of type ExternalName be backends. Whoever may write Services then decides which hosts the gateway calls; names and addresses that are loopback, link-local or metadata services are refused in any case.',
  },
  'host-ownership': {
    schema: z.enum(['none', 'namespace'], { error: 'must be none or namespace' }),
    placeholder: 'OWNERSHIP',
    defaultText: 'none',
    description:
      '`namespace`: a host belongs to the namespace of the oldest Ingress with a rule for it, or for the wildcard that covers it; rules and certificates of other namespaces for it are refused. `none`: only the same path of a host conflicts.',
  },
  'default-tls-secret': {
    schema: namespacedName.optional(),
    placeholder: 'NAMESPACE/NAME',
    defaultText: undefined,
    description:
      'TLS Secret with the certificate for hosts that have none. Default: a self-signed one, made at start.',
  },
  'publish-address': {
    schema: addressList,
    placeholder: 'LIST',
    defaultText: '',
    description:
      'Addresses and host names, separated by commas, written to `status.loadBalancer` of every Ingress that is served.',
  },
  'publish-service': {
    schema: namespacedName.optional(),
    placeholder: 'NAMESPACE/NAME',
    defaultText: undefined,
    description:
      'Service whose addresses are written there instead: of its load balancer and its external IPs, else its own. With neither flag, in a pod, the addresses of the nodes on which ready pods of this gateway run.',
  },
  'pod-name': {
    schema: objectName.optional(),
    placeholder: 'NAME',
    defaultText: undefined,
    description:
      'Name of this pod. Default: `POD_NAME`, else the host name, where there is a service account.',
  },
  'secret-mode': {
    schema: z.enum(['cluster', 'namespaced', 'named'], { error: 'must be cluster, namespaced or named' }),
    placeholder: 'MODE',
    defaultText: 'cluster',
    description:
      'Which Secrets and ConfigMaps are read: TLS Secrets wherever Ingresses are read and what policies name (`cluster`), the same with rights in the namespaces of `--watch-namespaces` only (`namespaced`), or only what Ingresses, policies and flags name, each by its name (`named`).',
  },
  'watch-namespaces': {
    schema: namespaceList,
    placeholder: 'LIST',
    defaultText: '',
    description:
      'Namespaces whose Ingresses, policies, Services and Secrets are read, separated by commas. Default: all.',
  },
  'leader-election': {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'true',
    description:
      'Write statuses and Events only while holding a Lease, so that one of several replicas does. `false` is for a replica that is alone.',
  },
  'leader-election-id': {
    schema: objectName,
    placeholder: 'NAME',
    defaultText: 'oidc-ingress',
    description: 'Name of the Lease. Gateways that serve different classes from one namespace need one each.',
  },
  'pod-namespace': {
    schema: objectName.optional(),
    placeholder: 'NAMESPACE',
    defaultText: undefined,
    description:
      'Namespace of this pod, where its Lease is. Default: `POD_NAMESPACE`, else that of the service account, else `default`.',
  },
  workers: {
    schema: wholeNumber(1, 256),
    placeholder: 'COUNT',
    defaultText: String(availableParallelism()),
    description: 'Proxy threads. Default: one for each available core.',
  },
  'trusted-proxies': {
    schema: cidrList,
    placeholder: 'CIDRS',
    defaultText: '',
    description:
      'Callers whose `X-Forwarded-*` and `X-Request-Id` headers are believed: addresses and CIDR blocks separated by commas.',
  },
  'proxy-protocol': {
    schema: z.enum(['off', 'on'], { error: 'must be off or on' }),
    placeholder: 'MODE',
    defaultText: 'off',
    description:
      '`on`: every connection from `--trusted-proxies` begins with a header of the PROXY protocol, version 1 or 2, that tells the address of the caller; one without it is closed. Others are served without.',
  },
  forwarded: {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description: 'Send `Forwarded` (RFC 7239) to services, beside `X-Forwarded-*`.',
  },
  via: {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description:
      'Send `Via` to services, as RFC 9110 asks of a gateway. Off by default: nginx, among others, does not compress answers to requests with it.',
  },
  'allow-insecure-issuers': {
    schema: toggle,
    placeholder: undefined,
    defaultText: 'false',
    description: 'For development: providers may use plain `http` and loopback addresses.',
  },
  'allowed-issuers': {
    schema: issuerList,
    placeholder: 'LIST',
    defaultText: '',
    description: 'Issuers that policies may name, exact URLs separated by commas. Default: any.',
  },
  'allow-provider-cidrs': {
    schema: cidrList,
    placeholder: 'CIDRS',
    defaultText: '',
    description: 'Blocks that providers may resolve to although they are loopback or link-local.',
  },
  'provider-rate': {
    schema: wholeNumber(1, 10_000),
    placeholder: 'COUNT',
    defaultText: '20',
    description:
      'Token requests a second to one provider, and at most as many at once after a pause; what is above waits its turn.',
  },
  'provider-concurrency': {
    schema: wholeNumber(1, 1_000),
    placeholder: 'COUNT',
    defaultText: '8',
    description: 'Token requests to one provider at the same time.',
  },
  'admin-token-file': {
    schema: z.string().min(1, { error: 'must be a file' }).optional(),
    placeholder: 'FILE',
    defaultText: undefined,
    description:
      'File with the bearer token that lets `DELETE /v1/tokens` of the admin server purge cached tokens. Read anew for each call; without it the call is refused.',
  },
  'max-header-bytes': {
    schema: wholeNumber(1_024, 1_048_576),
    placeholder: 'BYTES',
    defaultText: '16384',
    description: 'Longest request line and header fields together; longer ones are answered with 431.',
  },
  'header-timeout': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '15s',
    description: 'How long a caller may take to send a request head; then 408.',
  },
  'keep-alive-timeout': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '75s',
    description:
      'How long an idle connection of a caller stays open: longer than that of any load balancer in front.',
  },
  'idle-timeout': {
    schema: durationMs(24 * HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '60s',
    description: 'How long a request may go on without a byte in either direction.',
  },
  'upstream-connect-timeout': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '5s',
    description: 'How long connecting to an endpoint may take; then another is tried, else 502.',
  },
  'upstream-first-byte-timeout': {
    schema: durationMs(24 * HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '60s',
    description: 'How long an endpoint may take until the first byte of its answer; then 504.',
  },
  'max-connections': {
    schema: bound(1_000_000),
    placeholder: 'COUNT',
    defaultText: '20000',
    description: 'Open connections from callers; further ones are closed at once. `off`: no limit.',
  },
  'max-connections-per-address': {
    schema: bound(1_000_000),
    placeholder: 'COUNT',
    defaultText: 'off',
    description:
      'The same for one IPv4 address, or one /64 of IPv6 addresses, that is none of `--trusted-proxies`.',
  },
  'max-upstream-requests': {
    schema: bound(1_000_000),
    placeholder: 'COUNT',
    defaultText: 'off',
    description:
      'Requests at one backend at the same time, WebSockets included; further ones are answered with 503 and `Retry-After`.',
  },
  'drain-delay': {
    schema: durationMs(HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '10s',
    description: 'After SIGTERM: how long new connections are still accepted while `/readyz` fails.',
  },
  'drain-timeout': {
    schema: durationMs(24 * HOUR_MS),
    placeholder: 'DURATION',
    defaultText: '5m',
    description: 'After the drain delay: how long requests in flight may take to finish.',
  },
  'access-log': {
    schema: z.enum(['all', 'errors', 'off'], { error: 'must be all, errors or off' }),
    placeholder: 'MODE',
    defaultText: 'all',
    description:
      'Which requests have a line of JSON on standard output: `all`, only those that were refused or failed (`errors`), or none (`off`).',
  },
  'access-log-sample': {
    schema: wholeNumber(1, 1_000_000),
    placeholder: 'COUNT',
    defaultText: '1',
    description: 'With `--access-log=all`: of the requests that went well only one in so many has a line.',
  },
  'log-level': {
    schema: z.enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' }),
    placeholder: 'LEVEL',
    defaultText: 'info',
    description: 'Least severe level that is logged: `debug`, `info`, `warn` or `error`.',
  },
} as const satisfies FlagTable;

/** Everything that `serve` needs, decoded. */
export type ServeConfig = FlagValues<typeof SERVE_FLAGS>;

export type DecodedServeConfig =
  | { readonly kind: 'valid'; readonly config: ServeConfig }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** Decodes flags and environment; rules that span flags are checked here too. */
export function decodeServeConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DecodedServeConfig {
  const decoded = decodeFlags(SERVE_FLAGS, argv, environment);
  if (decoded.kind === 'invalid') return decoded;
  const { values, positionals } = decoded;
  const faults: Fault[] = positionals.map((text) => ({
    path: text,
    message: 'serve takes no arguments, only flags',
  }));
  if (values.manifests !== undefined && values.kubeconfig !== undefined) {
    faults.push({
      path: '--manifests',
      message: 'cannot be combined with --kubeconfig: objects come from one source',
    });
  }
  if (values['secret-mode'] === 'namespaced' && values['watch-namespaces'].length === 0) {
    faults.push({
      path: '--watch-namespaces',
      message: 'must name namespaces with --secret-mode=namespaced',
    });
  }
  if (values['proxy-protocol'] === 'on' && values['trusted-proxies'].rules.length === 0) {
    faults.push({
      path: '--trusted-proxies',
      message: 'must name the proxies that send it with --proxy-protocol=on',
    });
  }
  if (values['http-address'] === undefined && values['https-address'] === undefined) {
    faults.push({ path: '--http-address', message: 'must not be off while --https-address is off too' });
  }
  return faults.length > 0 ? { kind: 'invalid', faults } : { kind: 'valid', config: Object.freeze(values) };
}
