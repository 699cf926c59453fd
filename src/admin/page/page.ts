/** The status page: the whole document. It works without script; with it, the marked parts follow the gateway. */

import { PRODUCT } from '../../model/names.ts';
import { filterStatus } from '../status/filter.ts';
import type { Status } from '../status/status.ts';
import { certificatesSection } from './certificates.ts';
import { badge, formatCount } from './format.ts';
import { html, type Html } from './html.ts';
import { overview } from './overview.ts';
import { policiesSection } from './policies.ts';
import { problemsSection } from './problems.ts';
import { refusalsSection } from './refusals.ts';
import { routesSection } from './routes.ts';
import { trafficSection } from './traffic.ts';

/** @param filter what the rows have to mention; empty for everything. */
export function renderPage(status: Status, filter: string): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title(status)}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/status.css" />
        <script src="/assets/status.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${header(status, filter)}
        <main id="main" tabindex="-1">
          <div id="live" data-live>${content(status, filter)}</div>
        </main>
        ${footer(status)}
      </body>
    </html> `.text;
}

/** Read in a row of tabs. */
function title({ problems, isReady, instance }: Status): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const state = isReady ? (errors === 0 ? 'OK' : formatCount(errors, 'error')) : 'not ready';
  return `${state} · ${PRODUCT} ${instance}`;
}

function header({ instance, version, isReady, at }: Status, filter: string): Html {
  return html`<header>
    <div class="bar">
      <h1>${PRODUCT} <span class="instance">${instance} · ${version}</span></h1>
      <div class="freshness">
        <span id="state" data-live>${isReady ? badge('good', 'ready') : badge('bad', 'not ready')}</span>
        <span id="freshness">As of <time id="as-of" datetime="${at}">${at.slice(11, 19)}</time> UTC</span>
        <button type="button" id="pause" aria-pressed="false" hidden>Pause</button>
        <noscript><a href="">Reload</a></noscript>
      </div>
    </div>
    <form role="search" method="get" action="/">
      <label for="filter">Filter</label>
      <input
        id="filter"
        name="q"
        type="search"
        value="${filter}"
        placeholder="host, Ingress, policy, client"
        autocomplete="off"
        spellcheck="false"
        maxlength="100"
      />
      <button type="submit" id="apply">Apply</button>
    </form>
  </header>`;
}

function content(status: Status, filter: string): Html {
  const shown = filterStatus(status, filter);
  const { problems, policies, certificates, activity } = shown;
  const isFiltered = filter !== '';
  return html`${overview(status)} ${problemsSection(problems, isFiltered)} ${trafficSection(activity)}
  ${refusalsSection(activity.refusals, isFiltered)} ${policiesSection(policies, isFiltered)}
  ${routesSection(shown, isFiltered)} ${certificatesSection(certificates, isFiltered)}`;
}

function footer({ appliedAt }: Status): Html {
  return html`<footer>
    <p id="applied" data-live>
      ${
        appliedAt === undefined
          ? 'No table was applied yet.'
          : html`Table applied
              <time datetime="${appliedAt}">${appliedAt.slice(0, 19).replace('T', ' ')}</time> UTC.`
      }
    </p>
    <nav aria-label="Other pages">
      <a href="/v1/status">status as JSON</a> <a href="/metrics">metrics</a>
      <a href="/debug/table">routing table</a> <a href="/debug/problems">problems as JSON</a>
    </nav>
  </footer>`;
}
