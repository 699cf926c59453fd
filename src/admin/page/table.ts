/** A table that is read as rows on a wide screen and as cards on a narrow one. */

import { html, type Content, type Html } from './html.ts';

export interface TableHead {
  /** Class that gives the widths of the columns: they do not change with what is in them. */
  readonly id: string;
  readonly label: string;
  readonly columns: readonly string[];
}

export interface Row {
  /** Unique in the table: keeps a row itself when others come or go. */
  readonly key: string;
  /** One for each column; the first is the head of the row. */
  readonly cells: readonly Content[];
}

export interface Group {
  readonly key: string;
  /** `undefined`: the rows stand for themselves. */
  readonly heading: Content;
  readonly rows: readonly Row[];
}

/** The roles are said again because a browser forgets them where the style makes cards of rows. */
export function table({ id, label, columns }: TableHead, groups: readonly Group[]): Html {
  return html`<table class="${id}" role="table" aria-label="${label}">
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((column) => html`<th role="columnheader" scope="col">${column}</th>`)}
      </tr>
    </thead>
    ${groups.map((group) => body(columns, group))}
  </table>`;
}

/** Rows without groups. */
export function list(head: TableHead, rows: readonly Row[]): Html {
  return table(head, [{ key: 'all', heading: undefined, rows }]);
}

function body(columns: readonly string[], { key, heading, rows }: Group): Html {
  const head =
    heading === undefined
      ? undefined
      : html`<tr role="row" class="group">
          <th role="rowheader" scope="rowgroup" colspan="${columns.length}">${heading}</th>
        </tr>`;
  return html`<tbody role="rowgroup" data-key="${key}">
    ${head}${rows.map((row) => line(columns, row))}
  </tbody> `;
}

function line(columns: readonly string[], { key, cells }: Row): Html {
  return html`<tr role="row" data-key="${key}">
    ${cells.map((cell, index) =>
      index === 0
        ? html`<th role="rowheader" scope="row" data-label="${columns[index]}"><div>${cell}</div></th>`
        : html`<td role="cell" data-label="${columns[index]}"><div>${cell}</div></td>`,
    )}
  </tr> `;
}
