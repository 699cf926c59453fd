/** The flags of `oidc-ingress serve`, and the frozen configuration that they give. */

import type { Fault } from '../model/faults.ts';
import { decodeFlags, type FlagTable, type FlagValues } from './flags.ts';
import { proxyFaults } from './provider-network.ts';
import { CALLER_FLAGS } from './serve/callers.ts';
import { OBJECT_FLAGS } from './serve/objects.ts';
import { OPERATION_FLAGS } from './serve/operation.ts';
import { PROVIDER_FLAGS } from './serve/providers.ts';
import { SERVICE_FLAGS } from './serve/services.ts';

export const SERVE_FLAGS = {
  ...CALLER_FLAGS,
  ...OBJECT_FLAGS,
  ...PROVIDER_FLAGS,
  ...SERVICE_FLAGS,
  ...OPERATION_FLAGS,
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
  const faults = [
    ...positionals.map((path) => ({ path, message: 'serve takes no arguments, only flags' })),
    ...faultsBetween(values),
    ...proxyFaults(environment),
  ];
  return faults.length > 0 ? { kind: 'invalid', faults } : { kind: 'valid', config: Object.freeze(values) };
}

/** Of flags that are good each for itself. */
function faultsBetween(values: ServeConfig): readonly Fault[] {
  const rules: readonly (Fault & { readonly isBroken: boolean })[] = [
    {
      isBroken: values.manifests !== undefined && values.kubeconfig !== undefined,
      path: '--manifests',
      message: 'cannot be combined with --kubeconfig: objects come from one source',
    },
    {
      isBroken: values.manifests !== undefined && values['admin-token-audience'] !== undefined,
      path: '--admin-token-audience',
      message: 'cannot be combined with --manifests: the API server of a cluster judges such tokens',
    },
    {
      isBroken: values['secret-mode'] === 'namespaced' && values['watch-namespaces'].length === 0,
      path: '--watch-namespaces',
      message: 'must name namespaces with --secret-mode=namespaced',
    },
    {
      isBroken: values['proxy-protocol'] === 'on' && values['trusted-proxies'].rules.length === 0,
      path: '--trusted-proxies',
      message: 'must name the proxies that send it with --proxy-protocol=on',
    },
    {
      isBroken: values['http-address'] === undefined && values['https-address'] === undefined,
      path: '--http-address',
      message: 'must not be off while --https-address is off too',
    },
  ];
  return rules.filter(({ isBroken }) => isBroken).map(({ path, message }) => ({ path, message }));
}
