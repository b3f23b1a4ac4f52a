import { expect, it } from 'vitest';
import { z } from 'zod';
import { checkShape } from '../../../../services/adapters/config/check-shape.ts';
import { readYaml } from '../../../../services/adapters/config/yaml-document.ts';

const shape = z.strictObject({
  choice: z.enum(['one', 'two']),
  form: z.string().regex(/^x$/, 'x'),
  either: z.union([z.number(), z.enum(['three'])]),
});

function messages(secret: boolean): string {
  const yaml = readYaml('f.yaml', 'choice: hunter2\nform: hunter2\neither: hunter2\n');
  const checked = yaml.ok ? checkShape(shape, yaml.document, secret) : yaml;
  return JSON.stringify(checked.ok ? [] : checked.problems);
}

it('repeats no value of a file that may hold secrets', () => {
  expect(messages(false).match(/hunter2/g)).toHaveLength(3);
  expect(messages(true).match(/"position"/g)).toHaveLength(3);
  expect(messages(true)).not.toContain('hunter2');
});
