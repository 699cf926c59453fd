/** Keeps a certificate in service whose Secret has become unusable: a bad renewal must not take a host down. */

import type { Certificate } from '../model/table.ts';
import { sortedRecord, sortedSet } from './order.ts';
import type { CompileResult } from './result.ts';

/**
 * `next`, with the certificates of `previous` whose Secrets exist but cannot be used any more. One that was deleted, or
 * that nobody names any more, is gone.
 */
export function keepLastGood(previous: CompileResult | undefined, next: CompileResult): CompileResult {
  if (previous === undefined) return next;
  const kept = Object.entries(next.unusableCertificates).flatMap(([key, wanted]) => {
    const certificate = previous.table.certificates[key];
    const privateKey = previous.certificateKeys[key];
    if (certificate === undefined || privateKey === undefined) return [];
    return [{ key, certificate: offeredFor(certificate, wanted), privateKey }];
  });
  if (kept.length === 0) return next;
  const { certificates, defaultCertificate } = next.table;
  const keptDefault = kept.find(({ key }) => key === previous.table.defaultCertificate)?.key;
  return {
    ...next,
    table: {
      ...next.table,
      defaultCertificate: defaultCertificate ?? keptDefault,
      certificates: sortedRecord([
        ...Object.entries(certificates),
        ...kept.map(({ key, certificate }) => [key, certificate] as const),
      ]),
    },
    certificateKeys: sortedRecord([
      ...Object.entries(next.certificateKeys),
      ...kept.map(({ key, privateKey }) => [key, privateKey] as const),
    ]),
  };
}

function offeredFor(
  certificate: Certificate,
  { hosts, isForItsNames }: CompileResult['unusableCertificates'][string],
): Certificate {
  return { ...certificate, hosts: isForItsNames ? sortedSet([...hosts, ...certificate.hosts]) : hosts };
}
