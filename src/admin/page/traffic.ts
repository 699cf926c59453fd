/** What happened over the last hour: requests, refusals, exchanges. */

import type { Activity, ExchangeCounts, MinuteActivity, RequestCounts } from '../../model/activity.ts';
import { chart, type Series } from './chart.ts';
import { html, type Html } from './html.ts';
import { section } from './section.ts';

export function trafficSection({ minutes }: Activity): Html {
  const startsMs = minutes.map(({ startMs }) => startMs);
  const requests = seriesOf<keyof RequestCounts>(minutes, (minute, kind) => minute.requests[kind]);
  const exchanges = seriesOf<keyof ExchangeCounts>(minutes, (minute, kind) => minute.exchanges[kind]);
  return section({
    id: 'traffic',
    title: 'The last hour',
    count: undefined,
    content: html`<div class="charts">
        ${chart({ title: 'Requests passed on', startsMs, series: [requests('passed', 'passed on', 'good')] })}
        ${chart({
          title: 'Requests turned away',
          startsMs,
          series: [requests('refused', 'refused', 'warn'), requests('failed', 'failed', 'bad')],
        })}
        ${chart({
          title: 'Token exchanges',
          startsMs,
          series: [
            exchanges('granted', 'granted', 'good'),
            exchanges('refused', 'refused', 'warn'),
            exchanges('failed', 'failed', 'bad'),
          ],
        })}
      </div>
      <p class="note">
        Refused: the caller can cure it (4xx). Failed: the provider, a service or the set-up has to be mended
        (5xx).
      </p>`,
  });
}

function seriesOf<K extends string>(
  minutes: readonly MinuteActivity[],
  pick: (minute: MinuteActivity, kind: K) => number,
): (kind: K, label: string, tone: string) => Series {
  return (kind, label, tone) => ({ label, tone, values: minutes.map((minute) => pick(minute, kind)) });
}
