/** The flags of `serve` about Kubernetes objects: which are read, what of them counts, and who writes what about them. */

import { z } from 'zod';

import type { FlagTable } from '../flags.ts';
import { addressList, namespaceList, namespacedName, objectName, toggle } from '../values.ts';

export const OBJECT_FLAGS = {
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
    schema: objectName.optional(),
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
  'pod-namespace': {
    schema: objectName.optional(),
    placeholder: 'NAMESPACE',
    defaultText: undefined,
    description:
      'Namespace of this pod, where its Lease is. Default: `POD_NAMESPACE`, else that of the service account, else `default`.',
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
} as const satisfies FlagTable;
