/**
 * HTML in which text stays text: what a template is filled with is escaped, unless it was made by a template itself.
 */
export type Html = { readonly html: string };

type Part = string | number | Html | readonly Html[];

/** A template: html`<p>${text}</p>`. Texts are fit for content and for attributes in double quotes, and nowhere else. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? '';
  for (const [index, part] of parts.entries()) text += printed(part) + (strings[index + 1] ?? '');
  return { html: text };
}

/** What we wrote ourselves: the style sheet, the script. */
export function trusted(text: string): Html {
  return { html: text };
}

function printed(part: Part): string {
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'html' in part ? part.html : part.map((one) => one.html).join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters have no place in HTML (WHATWG HTML, 13.2.3.5) and show as what they are: none. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '\uFFFD');
}
