import fc from 'fast-check';
import { DOMParser } from '@xmldom/xmldom';
import { describe, expect, it } from 'vitest';
import { escapeHtml, html, trusted } from '../../../services/cli/html.ts';

describe('html', () => {
  it('escapes what it is filled with, and not what it made itself', () => {
    const inner = html`<b>${'<i>&"'}</b>`;
    expect(html`<p title="${'"x"'}">${inner}${[inner, inner]}${3}</p>`.html).toBe(
      '<p title="&quot;x&quot;"><b>&lt;i&gt;&amp;&quot;</b><b>&lt;i&gt;&amp;&quot;</b>\n<b>&lt;i&gt;&amp;&quot;</b>3</p>',
    );
    expect(html`${trusted('<hr>')}`.html).toBe('<hr>');
    expect(escapeHtml('a\u0000b\u001bc\td')).toBe('a\uFFFDb\uFFFDc\td');
  });

  it('leaves any text the text it was, in content and in attributes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'<>&"\'/=!-a b]'.split('')) }), (text) => {
        const made = `<r t="${escapeHtml(text)}">${escapeHtml(text)}</r>`;
        const root = new DOMParser().parseFromString(made, 'text/xml').documentElement;
        expect([root?.textContent, root?.getAttribute('t')]).toEqual([text, text]);
      }),
    );
  });
});
