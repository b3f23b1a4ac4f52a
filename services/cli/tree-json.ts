import type { Tree } from '../core/explain/tree.ts';

/** A tree as JSON, scalars to the letter. */
export function jsonOfTree(tree: Tree): string {
  switch (tree.kind) {
    case 'scalar':
      return tree.literal;
    case 'array':
      return `[${tree.items.map(jsonOfTree).join(',')}]`;
    case 'object':
      return `{${[...tree.members].map(([key, member]) => `${JSON.stringify(key)}:${jsonOfTree(member)}`).join(',')}}`;
  }
}
