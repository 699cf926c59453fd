/** One part of the status page: a heading, what belongs to it, and how much of it is not shown. */

import { formatNumber } from './format.ts';
import { html, type Content, type Html } from './html.ts';

export interface SectionOptions {
  readonly id: string;
  readonly title: string;
  /** How many there are; `undefined`: not counted. */
  readonly count: number | undefined;
  readonly content: Content;
}

export function section({ id, title, count, content }: SectionOptions): Html {
  const number = count === undefined ? undefined : html` <span class="count">${formatNumber(count)}</span>`;
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}${number}</h2>
    ${content}
  </section> `;
}

/** `text` is true of everything there is, and so not of what a filter leaves. */
export function nothing(text: string, isFiltered: boolean): Html {
  return html`<p class="nothing">${isFiltered ? 'Nothing here mentions this.' : text}</p>`;
}

/** `undefined` where everything is shown. */
export function andMore(shown: number, total: number): Html | undefined {
  if (shown >= total) return undefined;
  return html`<p class="note">
    ${formatNumber(shown)} of ${formatNumber(total)} are shown; filter to see others.
  </p>`;
}
