/** Collects the certificates that `spec.tls` of the Ingresses names, each with the hosts that it is offered for. */

import {
  objectKey,
  type IngressObject,
  type IngressTls,
  type ObjectMeta,
  type Snapshot,
} from '../model/objects.ts';
import type { Redacted } from '../model/redacted.ts';
import type { Certificate, CertificateKey } from '../model/table.ts';
import { parseHost } from './hosts.ts';
import { sortedRecord, sortedSet } from './order.ts';
import { readKeyPair, type KeyPair } from './pem.ts';
import type { Report } from './problem-list.ts';

interface CertificateSet {
  readonly certificates: Readonly<Record<CertificateKey, Certificate>>;
  readonly keys: Readonly<Record<CertificateKey, Redacted<string>>>;
}

export interface CertificateCollector {
  /** A certificate that cannot be used is reported; its hosts are then served with the default one. */
  add(meta: ObjectMeta, ingress: IngressObject, report: Report): void;
  result(): CertificateSet;
}

interface Offer {
  readonly pair: KeyPair;
  readonly hosts: Set<string>;
}

export function createCertificateCollector(secrets: Snapshot['secrets']): CertificateCollector {
  const offers = new Map<CertificateKey, Offer>();

  function offerOf(key: CertificateKey, field: string, report: Report): Offer | undefined {
    const known = offers.get(key);
    if (known !== undefined) return known;
    const pair = readPair(secrets, key, field, report);
    if (pair === undefined) return undefined;
    const offer = { pair, hosts: new Set<string>() };
    offers.set(key, offer);
    return offer;
  }

  return {
    add(meta, ingress, report) {
      ingress.tls.forEach((tls, index) => {
        const field = `spec.tls[${index}]`;
        const hosts = declaredHosts(tls, field, report);
        // Without a Secret the default certificate is meant.
        if (tls.secretName === undefined || tls.secretName === '') return;
        const key = objectKey({ namespace: meta.namespace, name: tls.secretName });
        const offer = offerOf(key, `${field}.secretName`, report);
        if (offer === undefined) return;
        const wanted = tls.hosts.length > 0 ? hosts : impliedHosts(ingress, offer.pair);
        for (const host of wanted) offer.hosts.add(host);
      });
    },
    result() {
      const entries = [...offers];
      return {
        certificates: sortedRecord(entries.map(([key, offer]) => [key, toCertificate(offer)])),
        keys: sortedRecord(entries.map(([key, { pair }]) => [key, pair.privateKey])),
      };
    },
  };
}

function declaredHosts({ hosts }: IngressTls, field: string, report: Report): readonly string[] {
  return hosts.flatMap((text, index) => {
    const parsed = parseHost(text);
    if (parsed.kind === 'valid' && parsed.host !== '') return [parsed.host];
    const message = parsed.kind === 'invalid' ? parsed.message : 'must not be empty';
    report(`${field}.hosts[${index}]`, { reason: 'InvalidHost', message });
    return [];
  });
}

/** The hosts of the rules; an Ingress for any host can mean no more than the names in its certificate. */
function impliedHosts({ rules }: IngressObject, { hosts }: KeyPair): readonly string[] {
  const ruleHosts = rules.flatMap(({ host }) => {
    const parsed = parseHost(host);
    return parsed.kind === 'valid' && parsed.host !== '' ? [parsed.host] : [];
  });
  return ruleHosts.length > 0 ? ruleHosts : hosts;
}

function readPair(
  secrets: Snapshot['secrets'],
  key: CertificateKey,
  field: string,
  report: Report,
): KeyPair | undefined {
  const secret = secrets.get(key);
  if (secret === undefined) {
    report(field, { reason: 'TlsSecretNotFound', message: `Secret ${key} does not exist` });
    return undefined;
  }
  const pair = secret.kind === 'valid' ? readKeyPair(secret.value) : UNREADABLE;
  if (pair.kind === 'valid') return pair;
  report(field, { reason: 'TlsSecretInvalid', message: `Secret ${key} ${pair.message}` });
  return undefined;
}

const UNREADABLE = { kind: 'invalid', message: 'cannot be read' } as const;

function toCertificate({ pair, hosts }: Offer): Certificate {
  const { chain, digest, notBeforeMs, notAfterMs } = pair;
  return { hosts: sortedSet(hosts), chain, digest, notBeforeMs, notAfterMs };
}
