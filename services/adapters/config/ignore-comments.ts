import { CST, Lexer } from 'yaml';
import type { IgnoreComment } from '../../core/policy/lint-ignores.ts';

const MARK = /^#\s*lethe-ignore\b(.*)$/s;
/** What stands between the mark and the reason: `: CODE `. */
const CODE = /^:\s*([a-z][a-z0-9-]*)\s+(\S.*)$/s;

/**
 * The `# lethe-ignore: CODE REASON` comments of a YAML text, with the line that each speaks of: its own where something
 * stands before it, else the next one that is not all comment.
 */
export function ignoreComments(file: string, text: string): readonly IgnoreComment[] {
  if (!text.includes('lethe-ignore')) return [];
  const rows = text.split('\n');
  const comments: IgnoreComment[] = [];
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    // Text of a block that looks like a comment is indented, and the indentation belongs to its token.
    if (CST.tokenType(token) === 'comment') {
      const found = MARK.exec(token.trimEnd());
      if (found !== null) {
        const before = text.slice(0, offset);
        const line = before.split('\n').length;
        const col = offset - before.lastIndexOf('\n');
        const [, code = null] = CODE.exec(found[1] ?? '') ?? [];
        comments.push({ position: { file, line, col }, code, line: lineMeant(rows, line, col) });
      }
    }
    // Marks of the lexer (of a document, a scalar, the end of a flow) stand for no text.
    if (text.startsWith(token, offset)) offset += token.length;
  }
  return comments;
}

function lineMeant(rows: readonly string[], line: number, col: number): number {
  if ((rows[line - 1] ?? '').slice(0, col - 1).trim() !== '') return line;
  let meant = line + 1;
  while (/^\s*#/.test(rows[meant - 1] ?? '')) meant++;
  return meant;
}
