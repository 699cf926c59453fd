/** The first glance: one sentence, and one number for each part of the page that leads there. */

import { isTroubled } from '../status/routes.ts';
import type { Status } from '../status/status.ts';
import { formatCount, formatNumber, type Tone } from './format.ts';
import { html, type Html } from './html.ts';

export function overview(status: Status): Html {
  return html`<p id="headline" class="${headlineTone(status)}" role="status">${headline(status)}</p>
    <nav aria-label="Parts of this page">
      <ul class="tiles">
        ${tiles(status).map(tile)}
      </ul>
    </nav>`;
}

function headline(status: Status): string {
  const { notReadyBecause } = status;
  if (notReadyBecause.length > 0) return `Not ready; missing: ${notReadyBecause.join('; ')}.`;
  const { errors, warnings } = severities(status);
  if (errors + warnings === 0) {
    const isIdle = status.hosts.length === 0 && status.defaultRoute === undefined;
    return isIdle ? 'Ready. There is no route to serve yet.' : 'Ready. Nothing needs attention.';
  }
  const parts = [
    ...(errors === 0 ? [] : [formatCount(errors, 'error')]),
    ...(warnings === 0 ? [] : [formatCount(warnings, 'warning')]),
  ];
  return `Ready. ${parts.join(' and ')} ${errors + warnings === 1 ? 'needs' : 'need'} attention.`;
}

function headlineTone(status: Status): Tone {
  const { errors, warnings } = severities(status);
  if (!status.isReady || errors > 0) return 'bad';
  return warnings > 0 ? 'warn' : 'good';
}

interface Tile {
  readonly section: string;
  readonly value: number;
  readonly label: string;
  /** `undefined`: nothing to add. */
  readonly detail: string | undefined;
  readonly tone: Tone;
}

function tiles(status: Status): readonly Tile[] {
  const { hosts, policies, certificates, activity } = status;
  const { errors, warnings } = severities(status);
  const routes = hosts.flatMap(({ routes }) => routes);
  const troubled = routes.filter(isTroubled).length;
  const notReady = policies.filter(
    ({ accepted, issuerReady }) => accepted.status === 'False' || issuerReady.status === 'False',
  ).length;
  const ending = certificates.filter(({ state }) => state !== 'Valid').length;
  const requests = activity.minutes.map(({ requests }) => requests);
  const turnedAway = sum(requests.map(({ refused, failed }) => refused + failed));
  return [
    {
      section: 'problems',
      value: errors + warnings,
      label: errors + warnings === 1 ? 'problem' : 'problems',
      detail: errors > 0 ? formatCount(errors, 'error') : undefined,
      tone: errors > 0 ? 'bad' : warnings > 0 ? 'warn' : 'good',
    },
    {
      section: 'traffic',
      value: sum(requests.map(({ passed }) => passed)) + turnedAway,
      label: 'requests, last hour',
      detail: turnedAway > 0 ? `${formatNumber(turnedAway)} turned away` : undefined,
      tone: 'calm',
    },
    {
      section: 'refusals',
      value: activity.refusals.length,
      label: 'recent refusals',
      detail: clientsOf(status),
      tone: 'calm',
    },
    {
      section: 'policies',
      value: policies.length,
      label: policies.length === 1 ? 'policy' : 'policies',
      detail: notReady > 0 ? `${formatNumber(notReady)} not usable` : undefined,
      tone: notReady > 0 ? 'bad' : 'calm',
    },
    {
      section: 'routes',
      value: routes.length,
      label: `${routes.length === 1 ? 'route' : 'routes'} on ${formatCount(hosts.length, 'host')}`,
      detail: troubled > 0 ? `${formatNumber(troubled)} not served` : undefined,
      tone: troubled > 0 ? 'bad' : 'calm',
    },
    {
      section: 'certificates',
      value: certificates.length,
      label: certificates.length === 1 ? 'certificate' : 'certificates',
      detail: ending > 0 ? `${formatNumber(ending)} to renew` : undefined,
      tone: ending > 0 ? 'bad' : 'calm',
    },
  ];
}

function clientsOf({ activity }: Status): string | undefined {
  const clients = new Set(activity.refusals.flatMap(({ clientId }) => clientId ?? []));
  return clients.size === 0 ? undefined : `of ${formatCount(clients.size, 'client')}`;
}

function severities({ problems }: Status): { readonly errors: number; readonly warnings: number } {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: problems.length - errors };
}

function tile({ section, value, label, detail, tone }: Tile): Html {
  return html`<li data-key="${section}">
    <a href="#${section}" class="${tone}"
      ><span class="value">${formatNumber(value)}</span> <span class="label">${label}</span> ${
        detail === undefined ? undefined : html`<span class="detail">${detail}</span>`
      }</a
    >
  </li> `;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
