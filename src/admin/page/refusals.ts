/** Recent refusals, grouped by reason and client: a client with a wrong secret is one row, not two hundred. */

import { blameOf, type RefusedRequest } from '../../model/activity.ts';
import { REASONS_URL } from '../../model/names.ts';
import { REASONS } from '../../model/reasons.ts';
import { badge, code, formatNumber, name, note, stack, timeOfDay } from './format.ts';
import { html, type Html } from './html.ts';
import { andMore, nothing, section } from './section.ts';
import { list, type Row } from './table.ts';

const MAX_SHOWN = 50;
const COLUMNS = ['Reason', 'Client', 'Host', 'Policy', 'Times', 'Last (UTC)'];

export function refusalsSection(refusals: readonly RefusedRequest[], isFiltered: boolean): Html {
  const groups = groupRefusals(refusals);
  const shown = groups.slice(0, MAX_SHOWN);
  return section({
    id: 'refusals',
    title: 'Recent refusals',
    count: refusals.length,
    content:
      shown.length === 0
        ? nothing('No request was refused lately.', isFiltered)
        : html`${list({ id: 'refusals', label: 'Recent refusals', columns: COLUMNS }, shown.map(row))}${andMore(shown.length, groups.length)}
            <p class="note">
              The latest 200 requests that were answered with a reason, over all proxy threads of this
              process.
            </p>`,
  });
}

interface RefusalGroup {
  readonly latest: RefusedRequest;
  readonly times: number;
}

/** @param refusals newest first. @returns the group with the newest refusal first. */
export function groupRefusals(refusals: readonly RefusedRequest[]): readonly RefusalGroup[] {
  const groups = new Map<string, RefusalGroup>();
  for (const refusal of refusals) {
    const key = keyOf(refusal);
    const known = groups.get(key);
    groups.set(
      key,
      known === undefined ? { latest: refusal, times: 1 } : { ...known, times: known.times + 1 },
    );
  }
  return [...groups.values()];
}

function keyOf({ reason, clientId, host, policy, isDryRun }: RefusedRequest): string {
  return JSON.stringify([reason, clientId, host, policy, isDryRun]);
}

function row({ latest, times }: RefusalGroup): Row {
  const { reason, clientId, host, policy, atMs, isDryRun } = latest;
  const { status, title } = REASONS[reason];
  return {
    key: keyOf(latest),
    cells: [
      stack(
        html`${badge(blameOf(reason) === 'failed' ? 'bad' : 'warn', String(status))}
          <a href="${REASONS_URL}#${reason}" rel="noreferrer">${reason}</a>
          ${isDryRun ? badge('calm', 'dry run') : undefined}`,
        note(title),
      ),
      clientId === undefined ? note('none') : code(clientId),
      host === '' ? note('unknown') : name(host),
      policy === '' ? note('none') : name(policy),
      formatNumber(times),
      timeOfDay(atMs),
    ],
  };
}
