/** The files of a provider: the authorities that it is trusted by, and the certificate that it asks for. */

import {
  objectKey,
  type ConfigMapObject,
  type Decoded,
  type ObjectMeta,
  type SecretObject,
  type Snapshot,
} from '../model/objects.ts';
import type { Redacted } from '../model/redacted.ts';
import type { ClientCertificate } from '../model/table.ts';
import type { PolicySpec } from '../policy/schema.ts';
import { memoizeByObject } from './memoize.ts';
import { readCertificates, readKeyPair } from './pem.ts';
import type { Report } from './problem-list.ts';
import { quote } from './quote.ts';

type ProviderSpec = PolicySpec['provider'];
type Bundle =
  | { readonly kind: 'valid'; readonly text: string }
  | { readonly kind: 'invalid'; readonly message: string };

export interface ProviderFiles {
  readonly ca: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Of the client certificate. */
  readonly privateKey: Redacted<string> | undefined;
}

const UNREADABLE = { kind: 'invalid', message: 'cannot be read' } as const;
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
      : readClientCertificate(clientCertificate.secretRef.name, namespace, snapshot, report)),
  };
}

function readCa(
  { secretRef, configMapRef }: NonNullable<ProviderSpec['ca']>,
  namespace: string,
  snapshot: Snapshot,
  report: Report,
): string | undefined {
  const [ref, kind] = secretRef ? ([secretRef, 'Secret'] as const) : ([configMapRef, 'ConfigMap'] as const);
  if (ref === undefined) return undefined;
  const field = `spec.provider.ca.${kind === 'Secret' ? 'secretRef' : 'configMapRef'}`;
  const key = objectKey({ namespace, name: ref.name });
  const holder: Decoded<SecretObject | ConfigMapObject> | undefined =
    kind === 'Secret' ? snapshot.secrets.get(key) : snapshot.configMaps.get(key);
  if (holder === undefined) {
    report(field, { reason: `${kind}NotFound`, message: `${kind} ${key} does not exist` });
    return undefined;
  }
  const bundle = holder.kind === 'valid' ? bundlesOf(holder.value)(ref.key) : UNREADABLE;
  if (bundle.kind === 'valid') return bundle.text;
  report(field, { reason: `${kind}Invalid`, message: `${kind} ${key} ${bundle.message}` });
  return undefined;
}

/** The bundle of a whole system holds 150 certificates: it is parsed once for each object and key. */
const bundlesOf = memoizeByObject((holder: SecretObject | ConfigMapObject) => {
  const known = new Map<string, Bundle>();
  return (key: string): Bundle => {
    const bundle = known.get(key) ?? readBundle(holder, key);
    known.set(key, bundle);
    return bundle;
  };
});

function readBundle({ data }: SecretObject | ConfigMapObject, key: string): Bundle {
  const entry = Object.hasOwn(data, key) ? data[key] : undefined;
  if (entry === undefined) return { kind: 'invalid', message: `must have the entry ${quote(key)}` };
  const read = readCertificates(typeof entry === 'string' ? entry : entry.reveal());
  if (read.kind === 'valid') return { kind: 'valid', text: read.text };
  return { kind: 'invalid', message: `entry ${quote(key)} ${read.message}` };
}

function readClientCertificate(
  name: string,
  namespace: string,
  { secrets }: Snapshot,
  report: Report,
): Pick<ProviderFiles, 'clientCertificate' | 'privateKey'> {
  const field = 'spec.provider.clientCertificate.secretRef';
  const key = objectKey({ namespace, name });
  const secret = secrets.get(key);
  if (secret === undefined) {
    report(field, { reason: 'SecretNotFound', message: `Secret ${key} does not exist` });
    return NO_CERTIFICATE;
  }
  const pair = secret.kind === 'valid' ? readKeyPair(secret.value) : UNREADABLE;
  if (pair.kind === 'invalid') {
    report(field, { reason: 'SecretInvalid', message: `Secret ${key} ${pair.message}` });
    return NO_CERTIFICATE;
  }
  const { chain, digest, privateKey } = pair;
  return { clientCertificate: { secret: key, chain, digest }, privateKey };
}
