/** HTML that cannot be broken out of: every text is escaped unless it was made here. */

export interface Html {
  readonly kind: 'html';
  readonly text: string;
}

export type Content = string | number | undefined | Html | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Values stand in text or in quoted attributes only. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { kind: 'html', text: String.raw({ raw: strings }, ...values.map(render)) };
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return content.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
  return isHtml(content) ? content.text : content.map(render).join('');
}

function isHtml(content: Html | readonly Content[]): content is Html {
  return 'kind' in content;
}
