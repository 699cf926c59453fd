/** Collects the certificates that `spec.tls` of the Ingresses names, each with the hosts that it is offered for. */

import { objectKey, type IngressObject, type IngressTls, type Snapshot } from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import type { Redacted } from '../model/redacted.ts';
import type { Certificate, CertificateKey } from '../model/table.ts';
import type { HostOwners } from './host-owners.ts';
import { parseHost } from './hosts.ts';
import { memoizeByInputs } from './memoize.ts';
import { sortedRecord, sortedSet } from './order.ts';
import { reporterOf, type OwnIngress } from './own-ingresses.ts';
import { readKeyPair, TLS_SECRET_TYPE, type KeyPair, type PemFault } from './pem.ts';
import { createProblemList, type Cause, type Report } from './problem-list.ts';
import type { CompileOptions, CompileResult } from './result.ts';

export interface CertificateSet {
  readonly certificates: Readonly<Record<CertificateKey, Certificate>>;
  readonly keys: Readonly<Record<CertificateKey, Redacted<string>>>;
  readonly unusable: CompileResult['unusableCertificates'];
}

interface CertificateSources extends Pick<CompileOptions, 'defaultTlsSecret'> {
  readonly secrets: Snapshot['secrets'];
  readonly owners: HostOwners;
}

export interface OfferedCertificates extends CertificateSet {
  readonly defaultCertificate: CertificateKey | undefined;
  readonly problems: readonly Problem[];
}

/** Of all Ingresses. */
export function offerCertificates(
  own: readonly OwnIngress[],
  sources: CertificateSources,
): OfferedCertificates {
  const { secrets, owners, defaultTlsSecret } = sources;
  return remember(own, [secrets, owners, defaultTlsSecret], () => collectAll(own, sources));
}

const remember = memoizeByInputs<readonly OwnIngress[], OfferedCertificates>();

function collectAll(
  own: readonly OwnIngress[],
  { secrets, owners, defaultTlsSecret }: CertificateSources,
): OfferedCertificates {
  const problems = createProblemList();
  const collector = createCertificateCollector(secrets, owners);
  for (const ingress of own) {
    if (ingress.value.tls.length > 0) collector.add(ingress, reporterOf(ingress, problems));
  }
  if (defaultTlsSecret !== undefined) {
    const [namespace = '', name = ''] = defaultTlsSecret.split('/');
    collector.addDefault(defaultTlsSecret, problems.reporterFor('Secret', { namespace, name }));
  }
  const set = collector.result();
  const hasDefault = defaultTlsSecret !== undefined && Object.hasOwn(set.certificates, defaultTlsSecret);
  return {
    ...set,
    defaultCertificate: hasDefault ? defaultTlsSecret : undefined,
    problems: problems.sorted(),
  };
}

interface CertificateCollector {
  /** A certificate that cannot be used is reported; its hosts are then served with the default one. */
  add(ingress: OwnIngress, report: Report): void;
  /** The certificate for hosts that have none; it is offered for no host by itself. */
  addDefault(key: CertificateKey, report: Report): void;
  result(): CertificateSet;
}

/** What the Secret of a certificate is worth, and for which hosts it is wanted. */
interface Offer {
  /** `undefined` where the Secret does not exist. */
  readonly read: KeyPair | PemFault | undefined;
  readonly hosts: Set<string>;
  /** Wanted for the names in the certificate, which cannot be read. */
  isForUnknownNames: boolean;
}

/** An entry of `spec.tls`, and where it stands. */
interface Wish {
  readonly tls: IngressTls;
  readonly ingress: IngressObject;
  readonly namespace: string;
  readonly field: string;
  readonly report: Report;
}

function createCertificateCollector(secrets: Snapshot['secrets'], owners: HostOwners): CertificateCollector {
  const offers = new Map<CertificateKey, Offer>();

  function offerOf(key: CertificateKey, field: string, report: Report): Offer {
    const known = offers.get(key);
    const offer = known ?? { read: readPair(secrets, key), hosts: new Set(), isForUnknownNames: false };
    offers.set(key, offer);
    const fault = secretFault(key, offer);
    if (fault !== undefined) report(field, fault);
    return offer;
  }

  function addWish(wish: Wish): void {
    const { tls, namespace, field, report } = wish;
    const declared = declaredHosts(wish, owners);
    // Without a Secret the default certificate is meant.
    if (tls.secretName === undefined || tls.secretName === '') return;
    const key = objectKey({ namespace, name: tls.secretName });
    const offer = offerOf(key, `${field}.secretName`, report);
    const wanted = tls.hosts.length > 0 ? declared : impliedHosts(wish, offer, owners);
    if (wanted === undefined) offer.isForUnknownNames = true;
    else for (const host of wanted) offer.hosts.add(host);
  }

  return {
    add({ meta: { namespace }, value }, report) {
      value.tls.forEach((tls, index) =>
        addWish({ tls, ingress: value, namespace, field: `spec.tls[${index}]`, report }),
      );
    },
    addDefault: (key, report) => void offerOf(key, '', report),
    result() {
      const entries = [...offers];
      const usable = entries.flatMap(([key, { read, hosts }]) =>
        read?.kind === 'valid' ? [{ key, pair: read, hosts }] : [],
      );
      const unusable = entries.filter(([, { read }]) => read?.kind === 'invalid');
      return {
        certificates: sortedRecord(usable.map(({ key, pair, hosts }) => [key, toCertificate(pair, hosts)])),
        keys: sortedRecord(usable.map(({ key, pair }) => [key, pair.privateKey])),
        unusable: sortedRecord(
          unusable.map(([key, offer]) => [
            key,
            { hosts: sortedSet(offer.hosts), isForItsNames: offer.isForUnknownNames },
          ]),
        ),
      };
    },
  };
}

function declaredHosts({ tls, namespace, field, report }: Wish, owners: HostOwners): readonly string[] {
  return tls.hosts.flatMap((text, index) => {
    const fault = hostFault(text) ?? owners.fault(text.toLowerCase(), namespace);
    if (fault === undefined) return [text.toLowerCase()];
    report(`${field}.hosts[${index}]`, fault);
    return [];
  });
}

function hostFault(text: string): Cause | undefined {
  const parsed = parseHost(text);
  if (parsed.kind === 'valid' && parsed.host !== '') return undefined;
  const message = parsed.kind === 'invalid' ? parsed.message : 'must not be empty';
  return { reason: 'InvalidHost', message };
}

/**
 * The hosts of the rules; an Ingress for any host can mean no more than the names in its certificate. `undefined` where
 * those cannot be read. Rules for hosts of others are told elsewhere.
 */
function impliedHosts(
  { ingress: { rules }, namespace }: Wish,
  { read }: Offer,
  owners: HostOwners,
): readonly string[] | undefined {
  const named = rules.flatMap(({ host }) => {
    const parsed = parseHost(host);
    return parsed.kind === 'valid' && parsed.host !== '' ? [parsed.host] : [];
  });
  const implied = named.length > 0 ? named : read?.kind === 'valid' ? read.hosts : undefined;
  return implied?.filter((host) => owners.fault(host, namespace) === undefined);
}

function readPair(secrets: Snapshot['secrets'], key: CertificateKey): Offer['read'] {
  const secret = secrets.get(key);
  if (secret === undefined) return undefined;
  return secret.kind === 'valid' ? readKeyPair(secret.value) : UNREADABLE;
}

const UNREADABLE = { kind: 'invalid', message: 'cannot be read' } as const;

function secretFault(key: CertificateKey, { read }: Offer): Cause | undefined {
  if (read === undefined) {
    // Secrets of other types are not watched.
    const message = `Secret ${key} of type ${TLS_SECRET_TYPE} does not exist`;
    return { reason: 'TlsSecretNotFound', message };
  }
  if (read.kind === 'valid') return undefined;
  return { reason: 'TlsSecretInvalid', message: `Secret ${key} ${read.message}` };
}

function toCertificate(pair: KeyPair, hosts: ReadonlySet<string>): Certificate {
  const { chain, digest, notBeforeMs, notAfterMs } = pair;
  return { hosts: sortedSet(hosts), chain, digest, notBeforeMs, notAfterMs };
}
