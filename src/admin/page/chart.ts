/** A chart of the last hour: one stacked bar for each minute. Drawn here, so that it needs no script. */

import { formatNumber } from './format.ts';
import { html, type Html } from './html.ts';

const STEP = 10;
const BAR = 8;
const HEIGHT = 72;

export interface Series {
  readonly label: string;
  /** Class that gives the colour. */
  readonly tone: string;
  /** One for each minute, oldest first. */
  readonly values: readonly number[];
}

export interface ChartOptions {
  readonly title: string;
  /** From the bottom up. */
  readonly series: readonly Series[];
  readonly startsMs: readonly number[];
}

/** The legend holds the sums, so that nothing is told by the picture alone. */
export function chart({ title, series, startsMs }: ChartOptions): Html {
  const totals = startsMs.map((_, minute) => sum(series.map(({ values }) => values[minute] ?? 0)));
  const peak = Math.max(1, ...totals);
  const width = startsMs.length * STEP;
  const summary = series.map(({ label, values }) => `${formatNumber(sum(values))} ${label}`).join(', ');
  return html`<figure class="chart">
    <figcaption>
      <h3>${title}</h3>
      <p class="peak">${formatNumber(Math.max(...totals))} <span>a minute at most</span></p>
    </figcaption>
    <svg
      viewBox="0 0 ${width} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${title} in the last hour: ${summary}"
    >
      ${startsMs.map((startMs, minute) => bar({ series, minute, startMs, peak }))}
    </svg>
    <p class="axis"><span>an hour ago</span><span>now</span></p>
    <ul class="legend">
      ${series.map(
        ({ label, tone, values }) =>
          html`<li>
            <span class="key ${tone}"></span><strong>${formatNumber(sum(values))}</strong> ${label}
          </li>`,
      )}
    </ul>
  </figure> `;
}

interface Bar {
  readonly series: readonly Series[];
  readonly minute: number;
  readonly startMs: number;
  readonly peak: number;
}

function bar({ series, minute, startMs, peak }: Bar): Html {
  const x = minute * STEP + (STEP - BAR) / 2;
  const words = series.map(({ label, values }) => `${formatNumber(values[minute] ?? 0)} ${label}`).join(', ');
  let top = HEIGHT;
  const parts = series.map(({ tone, values }) => {
    const value = values[minute] ?? 0;
    if (value === 0) return undefined;
    // One refusal among thousands is still seen.
    const height = Math.max(2, Math.round((value / peak) * (HEIGHT - 4)));
    top -= height;
    return html`<rect class="${tone}" x="${x}" y="${top}" width="${BAR}" height="${height}" />`;
  });
  return html`<g
    ><title>${new Date(startMs).toISOString().slice(11, 16)} UTC: ${words}</title
    ><rect class="hover" x="${minute * STEP}" y="0" width="${STEP}" height="${HEIGHT}" /><rect
      class="ground"
      x="${x}"
      y="${HEIGHT - 1}"
      width="${BAR}"
      height="1"
    />${parts}</g
  >`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
