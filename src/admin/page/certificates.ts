/** TLS certificates and when they expire. */

import type { CertificateStatus } from '../status/certificates.ts';
import { badge, formatCount, name, note, stack, type Tone } from './format.ts';
import { html, type Html } from './html.ts';
import { andMore, nothing, section } from './section.ts';
import { list, type Row } from './table.ts';

const MAX_SHOWN = 100;
const COLUMNS = ['For', 'Secret', 'Expires'];

const TONES: Readonly<Record<CertificateStatus['state'], Tone>> = {
  Valid: 'good',
  ExpiresSoon: 'warn',
  Expired: 'bad',
  NotYetValid: 'bad',
};

export function certificatesSection(certificates: readonly CertificateStatus[], isFiltered: boolean): Html {
  const shown = certificates.slice(0, MAX_SHOWN);
  return section({
    id: 'certificates',
    title: 'TLS certificates',
    count: certificates.length,
    content:
      shown.length === 0
        ? nothing('No Ingress names a certificate: TLS is served with a self-signed one.', isFiltered)
        : html`${list({ id: 'certificates', label: 'TLS certificates', columns: COLUMNS }, shown.map(row))}${andMore(shown.length, certificates.length)}`,
  });
}

function row({ secret, kind, names, state, notBefore, notAfter, daysLeft }: CertificateStatus): Row {
  return {
    key: kind === 'client' ? `${secret} as a client` : secret,
    cells: [
      kind === 'client' ? stack(subject(names), note('as a client')) : subject(names),
      name(secret),
      stack(
        badge(TONES[state], words(state, daysLeft)),
        note(state === 'NotYetValid' ? `from ${notBefore.slice(0, 10)}` : notAfter.slice(0, 10)),
      ),
    ],
  };
}

function subject(names: readonly string[]): Html | string {
  return names.length === 0 ? note('none') : names.join(', ');
}

function words(state: CertificateStatus['state'], daysLeft: number): string {
  if (state === 'Expired') return 'expired';
  if (state === 'NotYetValid') return 'not yet valid';
  return daysLeft === 0 ? 'today' : `in ${formatCount(daysLeft, 'day')}`;
}
