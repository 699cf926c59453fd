/** Policies: whether each is in force, and whether its issuer can be used. */

import type { PolicyStatus } from '../status/policies.ts';
import { badge, formatNumber, name, note, stack, type Tone } from './format.ts';
import { html, type Content, type Html } from './html.ts';
import { andMore, nothing, section } from './section.ts';
import { list, type Row } from './table.ts';

const MAX_SHOWN = 100;
const COLUMNS = ['Policy', 'State', 'Issuer', 'Ingresses', 'Requests', 'Exchanges'];

const ISSUER_STATES: Readonly<Record<PolicyStatus['issuerReady']['status'], readonly [Tone, string]>> = {
  True: ['good', 'ready'],
  False: ['bad', 'not ready'],
  Unknown: ['calm', 'unknown'],
};

export function policiesSection(policies: readonly PolicyStatus[], isFiltered: boolean): Html {
  const shown = policies.slice(0, MAX_SHOWN);
  return section({
    id: 'policies',
    title: 'Policies',
    count: policies.length,
    content:
      shown.length === 0
        ? nothing('There is no OIDCPolicy.', isFiltered)
        : html`${list({ id: 'policies', label: 'Policies', columns: COLUMNS }, shown.map(row))}${andMore(shown.length, policies.length)}
            <p class="note">
              Requests and exchanges of the last hour; exchanges are those with the issuer, whichever policy
              asked.
            </p>`,
  });
}

function row(policy: PolicyStatus): Row {
  const { ingresses, requests, exchanges } = policy;
  return {
    key: policy.policy,
    cells: [
      name(policy.policy),
      state(policy),
      issuer(policy),
      stack(
        formatNumber(ingresses.total),
        ingresses.refused === 0 ? undefined : badge('bad', `${formatNumber(ingresses.refused)} refused`),
      ),
      counts([
        [requests.passed, 'passed on'],
        [requests.refused, 'refused'],
        [requests.failed, 'failed'],
      ]),
      counts([
        [exchanges.granted, 'granted'],
        [exchanges.refused, 'refused'],
        [exchanges.failed, 'failed'],
      ]),
    ],
  };
}

function state({ accepted, mode }: PolicyStatus): Html {
  if (accepted.status === 'False') {
    return stack(badge('bad', 'not accepted'), note(`${accepted.reason}: ${accepted.message}`));
  }
  return stack(mode === 'DryRun' ? badge('calm', 'dry run') : badge('good', 'enforced'));
}

function issuer({ issuer, issuerReady, issuerWarnings }: PolicyStatus): Html {
  const { status, reason, message } = issuerReady;
  const [tone, words] = ISSUER_STATES[status];
  const why = status === 'True' ? undefined : note(`${reason}: ${message}`);
  const warnings = issuerWarnings.map((warning) => note(`${warning.reason}: ${warning.message}`));
  return stack(html`<span class="url">${issuer ?? 'unknown'}</span>`, badge(tone, words), why, ...warnings);
}

/** Zeroes after the first are left out: what is there should stand out. */
function counts(entries: readonly (readonly [number, string])[]): Content {
  const told = entries.filter(([value], index) => index === 0 || value > 0);
  return stack(...told.map(([value, words]) => html`<strong>${formatNumber(value)}</strong> ${words}`));
}
