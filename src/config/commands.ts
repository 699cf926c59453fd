/** The flags of the commands beside `serve`: what they share with it has the same name and the same meaning. */

import { z } from 'zod';

import type { FlagTable } from './flags.ts';
import { SERVE_FLAGS } from './serve.ts';
import { listenAddress } from './values.ts';

/** What decides which Ingresses and policies count. */
export const COMPILE_FLAGS = {
  'ingress-class': SERVE_FLAGS['ingress-class'],
  'watch-ingress-without-class': SERVE_FLAGS['watch-ingress-without-class'],
  'allow-insecure-issuers': SERVE_FLAGS['allow-insecure-issuers'],
  'allowed-issuers': SERVE_FLAGS['allowed-issuers'],
  'ssl-redirect': SERVE_FLAGS['ssl-redirect'],
  'allow-external-name': SERVE_FLAGS['allow-external-name'],
  'host-ownership': SERVE_FLAGS['host-ownership'],
  'default-tls-secret': SERVE_FLAGS['default-tls-secret'],
} as const satisfies FlagTable;

export const VALIDATE_FLAGS = {
  output: {
    schema: z.enum(['text', 'json'], { error: 'must be text or json' }),
    placeholder: 'FORMAT',
    defaultText: 'text',
    description: '`text` for people, `json` for programs.',
  },
  ...COMPILE_FLAGS,
} as const satisfies FlagTable;

export const EXPLAIN_FLAGS = {
  manifests: {
    ...SERVE_FLAGS.manifests,
    description: 'Read Kubernetes objects from the YAML files of this directory.',
  },
  kubeconfig: {
    ...SERVE_FLAGS.kubeconfig,
    description: 'Read Kubernetes objects from the cluster of this kubeconfig.',
  },
  method: {
    schema: z.string().regex(/^[A-Z][A-Z-]*$/, { error: 'must be an HTTP method in capitals' }),
    placeholder: 'METHOD',
    defaultText: 'GET',
    description: 'Method of the request.',
  },
  ...COMPILE_FLAGS,
} as const satisfies FlagTable;

export const CHECK_FLAGS = {
  policy: {
    schema: z.string().min(1, { error: 'must be NAME or NAMESPACE/NAME' }).optional(),
    placeholder: 'NAME',
    defaultText: undefined,
    description: 'Which policy of the file, `NAME` or `NAMESPACE/NAME`. Needed where it holds several.',
  },
  'client-id': {
    schema: z.string().min(1, { error: 'must not be empty' }).optional(),
    placeholder: 'ID',
    defaultText: undefined,
    description:
      'Also make one real token request for this client. Its secret comes from `OIDC_INGRESS_CLIENT_SECRET`, else from standard input.',
  },
  'allow-insecure-issuers': SERVE_FLAGS['allow-insecure-issuers'],
  'allow-provider-cidrs': SERVE_FLAGS['allow-provider-cidrs'],
} as const satisfies FlagTable;

export const DEV_FLAGS = {
  'http-address': { ...SERVE_FLAGS['http-address'], defaultText: '127.0.0.1:8080' },
  'https-address': { ...SERVE_FLAGS['https-address'], defaultText: 'off' },
  'admin-address': { ...SERVE_FLAGS['admin-address'], defaultText: '127.0.0.1:10254' },
  'emulator-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: '127.0.0.1:4000',
    description: 'Where the emulated Auth0 tenant listens. The issuer in the manifests follows.',
  },
  'emulator-issuer': {
    schema: z
      .string()
      .regex(/^https?:\/\/[^/]+\/$/, { error: 'must be http://HOST:PORT/ or https://HOST/' })
      .optional(),
    placeholder: 'URL',
    defaultText: undefined,
    description: 'What the emulated tenant calls itself. Default: where it listens.',
  },
  'upstream-address': {
    schema: listenAddress,
    placeholder: 'ADDRESS',
    defaultText: '127.0.0.1:3000',
    description: 'Where the sample API listens. The endpoints in the manifests follow.',
  },
  only: {
    schema: z.enum(['emulator', 'upstream'], { error: 'must be emulator or upstream' }).optional(),
    placeholder: 'PART',
    defaultText: undefined,
    description:
      'Run only the emulated tenant (`emulator`) or only the sample API (`upstream`), such as for a try-out in a cluster.',
  },
  workers: { ...SERVE_FLAGS.workers, defaultText: '1', description: 'Proxy threads.' },
  'access-log': { ...SERVE_FLAGS['access-log'], defaultText: 'off' },
  'log-level': { ...SERVE_FLAGS['log-level'], defaultText: 'error' },
} as const satisfies FlagTable;
