/** YAML as `lethe init` writes it: mappings of plain text, quoted where plain text would mean something else. */

const PLAIN = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
/** Words that YAML 1.1 or 1.2 takes for something that is no text. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

/** A text as a YAML scalar; in double quotes, which are JSON's, where it needs any. */
export function yamlText(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}

export type YamlTree = null | string | number | boolean | readonly YamlTree[] | { readonly [key: string]: YamlTree };

/** A mapping in block style, each line indented; `{}` and lists of scalars stay on their line. */
export function yamlBlock(tree: { readonly [key: string]: YamlTree }, indent: string): string {
  return Object.entries(tree)
    .map(([key, value]) => {
      const head = `${indent}${yamlText(key)}:`;
      return isMapping(value) && Object.keys(value).length > 0
        ? `${head}\n${yamlBlock(value, `${indent}  `)}`
        : `${head} ${flow(value)}\n`;
    })
    .join('');
}

function flow(tree: YamlTree): string {
  if (Array.isArray(tree)) return `[${(tree as readonly YamlTree[]).map(flow).join(', ')}]`;
  if (isMapping(tree)) {
    const members = Object.entries(tree).map(([key, value]) => `${yamlText(key)}: ${flow(value)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return typeof tree === 'string' ? yamlText(tree) : JSON.stringify(tree);
}

function isMapping(tree: YamlTree): tree is { readonly [key: string]: YamlTree } {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** Text as comment lines, broken at spaces. */
export function yamlComment(text: string, indent = ''): string {
  const most = 118 - indent.length;
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > most && line !== '#') {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].map((one) => `${indent}${one}\n`).join('');
}
