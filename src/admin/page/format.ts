/** Numbers, instants and states as people read them. */

import { html, type Content, type Html } from './html.ts';

/** Colour and mark of a state; the words beside it say the same. */
export type Tone = 'good' | 'bad' | 'warn' | 'calm';

export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

export function formatNumber(value: number): string {
  return value.toLocaleString('en');
}

/** `1 host`, `2 hosts`. */
export function formatCount(value: number, singular: string, plural = `${singular}s`): string {
  return `${formatNumber(value)} ${value === 1 ? singular : plural}`;
}

/** Time of day in UTC, with the date for those who point at it. */
export function timeOfDay(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(11, 19)}</time>`;
}

export function code(text: string): Html {
  return html`<code>${text}</code>`;
}

/** A name of Kubernetes, which may be long: broken where its parts meet. */
export function name(text: string): Html {
  return html`<span class="name">${text.split(/(?<=[/.:-])/).map((part) => html`${part}<wbr />`)}</span>`;
}

/** Things one below the other; what is `undefined` is left out. */
export function stack(...lines: readonly Content[]): Html {
  const told = lines.filter((line) => line !== undefined);
  return html`<span class="stack">${told.map((line) => html`<span>${line}</span>`)}</span>`;
}

export function note(content: Content): Html {
  return html`<span class="note">${content}</span>`;
}
