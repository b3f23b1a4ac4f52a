/**
 * JSON text with line breaks and indents and not a letter else changed: numbers keep their digits, keys their order, what
 * occurs twice stays twice. The text must be valid JSON.
 */
export function indentJson(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  const newline = (): void => void parts.push('\n', '  '.repeat(depth));
  const token = /"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[{}[\],:]/g;
  let previous = '';
  for (const [one] of text.matchAll(token)) {
    const empty = (previous === '{' && one === '}') || (previous === '[' && one === ']');
    if (one === '}' || one === ']') {
      depth--;
      if (!empty) newline();
    } else if (previous === '{' || previous === '[' || previous === ',') {
      newline();
    }
    parts.push(one === ':' ? ': ' : one);
    if (one === '{' || one === '[') depth++;
    previous = one;
  }
  return parts.join('');
}
