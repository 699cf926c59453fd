/** The files of a provider: the authorities that it is trusted by, and the certificate that it asks for. */

import { objectKey, type ObjectMeta, type Snapshot } from '../model/objects.ts';
import type { Redacted } from '../model/redacted.ts';
import type { ClientCertificate } from '../model/table.ts';
import type { PolicySpec } from '../policy/schema.ts';
import { readCaBundle } from './ca-bundle.ts';
import { readClientCertificate } from './client-certificates.ts';
import type { Report } from './problem-list.ts';

type ProviderSpec = PolicySpec['provider'];

export interface ProviderFiles {
  readonly ca: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Of the client certificate. */
  readonly privateKey: Redacted<string> | undefined;
}

const NO_CERTIFICATE = { clientCertificate: undefined, privateKey: undefined };

/** Reports what is missing or broken; the files of the policy are looked for in its own namespace only. */
export function readProviderFiles(
  { ca, clientCertificate }: ProviderSpec,
  { namespace }: ObjectMeta,
  snapshot: Snapshot,
  report: Report,
): ProviderFiles {
  return {
    ca: ca === undefined ? undefined : readCa(ca, namespace, snapshot, report),
    ...(clientCertificate === undefined
      ? NO_CERTIFICATE
      : readCertificate(clientCertificate.secretRef.name, namespace, snapshot, report)),
  };
}

/** The objects that {@link readProviderFiles} reads; those that do not exist are `undefined`. */
export function filesNamedBy(
  { ca, clientCertificate }: ProviderSpec,
  { namespace }: ObjectMeta,
  { secrets, configMaps }: Snapshot,
): readonly unknown[] {
  const key = (name: string): string => objectKey({ namespace, name });
  return [
    ca?.secretRef && secrets.get(key(ca.secretRef.name)),
    ca?.configMapRef && configMaps.get(key(ca.configMapRef.name)),
    clientCertificate && secrets.get(key(clientCertificate.secretRef.name)),
  ];
}

function readCa(
  { secretRef, configMapRef }: NonNullable<ProviderSpec['ca']>,
  namespace: string,
  snapshot: Snapshot,
  report: Report,
): string | undefined {
  const [ref, kind] = secretRef ? ([secretRef, 'Secret'] as const) : ([configMapRef, 'ConfigMap'] as const);
  if (ref === undefined) return undefined;
  const bundle = readCaBundle({ kind, namespace, name: ref.name, entry: ref.key }, snapshot);
  if (bundle.kind === 'valid') return bundle.text;
  report(`spec.provider.ca.${kind === 'Secret' ? 'secretRef' : 'configMapRef'}`, bundle.cause);
  return undefined;
}

function readCertificate(
  name: string,
  namespace: string,
  { secrets }: Snapshot,
  report: Report,
): Pick<ProviderFiles, 'clientCertificate' | 'privateKey'> {
  const read = readClientCertificate(objectKey({ namespace, name }), secrets);
  if (read.kind === 'valid') return { clientCertificate: read.certificate, privateKey: read.privateKey };
  report('spec.provider.clientCertificate.secretRef', read.cause);
  return NO_CERTIFICATE;
}
