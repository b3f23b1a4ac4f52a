import { describe, expect, it } from 'vitest';
import { block, code, escapeText, table } from '../../../services/cli/markdown.ts';

describe('markdown', () => {
  it('lets no text begin a line, a cell or markup', () => {
    expect(escapeText('a\n# b <i> | *c* [d](e) `f` &amp;')).toBe(
      String.raw`a \# b \<i\> \| \*c\* \[d\](e) \`f\` \&amp;`,
    );
    expect(code('a`b|c\u001b[1m\nd')).toBe(String.raw`${'`'}a'b\|c [1m d${'`'}`);
    expect(table(['h'], [['a\nb']])).toEqual(['| h |', '| --- |', '| a b |']);
  });

  it('fences a block by more backticks than it holds', () => {
    expect(block('json', 'a\n````\nb')).toEqual(['`````json', 'a', '````', 'b', '`````']);
    expect(block('', 'a')).toEqual(['```', 'a', '```']);
  });
});
