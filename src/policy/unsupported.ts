/** The fields of OIDCPolicy whose behaviour is still to come: a policy that uses one is refused, never half enforced. */

import type { PolicySpec } from './schema.ts';

const UNSUPPORTED: readonly { readonly path: string; readonly isUsed: (spec: PolicySpec) => boolean }[] = [
  { path: 'spec.provider.ca', isUsed: (spec) => spec.provider.ca !== undefined },
  {
    path: 'spec.provider.clientCertificate',
    isUsed: (spec) => spec.provider.clientCertificate !== undefined,
  },
  {
    path: 'spec.clientCredentials.callerParameters',
    isUsed: (spec) => (spec.clientCredentials?.callerParameters.length ?? 0) > 0,
  },
  { path: 'spec.bearer', isUsed: (spec) => spec.bearer !== undefined },
  { path: 'spec.require.claims', isUsed: (spec) => spec.require.claims.length > 0 },
  { path: 'spec.rules', isUsed: (spec) => spec.rules.length > 0 },
  { path: 'spec.transport', isUsed: (spec) => spec.transport === 'TlsOnly' },
  { path: 'spec.mode', isUsed: (spec) => spec.mode === 'DryRun' },
  { path: 'spec.allowedNamespaces.selector', isUsed: (spec) => spec.allowedNamespaces.from === 'Selector' },
];

/** @returns the paths of the fields of `spec` that this version does not act on yet. */
export function unsupportedFields(spec: PolicySpec): readonly string[] {
  return UNSUPPORTED.filter(({ isUsed }) => isUsed(spec)).map(({ path }) => path);
}
