/** The problems of the status page: what is wrong, with which object, in words. */

import type { StatusProblem } from '../status/problems.ts';
import { badge, code } from './format.ts';
import { html, type Html } from './html.ts';
import { andMore, nothing, section } from './section.ts';

const MAX_SHOWN = 100;

export function problemsSection(problems: readonly StatusProblem[], isFiltered: boolean): Html {
  const shown = problems.slice(0, MAX_SHOWN);
  return section({
    id: 'problems',
    title: 'Problems',
    count: problems.length,
    content:
      shown.length === 0
        ? nothing('Nothing needs attention.', isFiltered)
        : html`<ul class="problems">
              ${shown.map(item)}
            </ul>
            ${andMore(shown.length, problems.length)}`,
  });
}

function item({ severity, reason, object, field, message }: StatusProblem): Html {
  return html`<li class="${severity}" data-key="${[severity, reason, object, field, message].join(' ')}">
    <p class="what">
      ${badge(severity === 'error' ? 'bad' : 'warn', severity)} <strong>${object}</strong>
      <span class="reason">${reason}</span>
    </p>
    <p class="message">${field === '' ? undefined : html`${code(field)}: `}${message}</p>
  </li> `;
}
