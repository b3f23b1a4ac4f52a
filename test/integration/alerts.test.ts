/** Issue 6: promtool reads the rules, and every alert fires when it should and only then (deploy/prometheus/tests). */
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../deploy/local/run-command.ts';
import { ensureTools } from '../../deploy/local/tools.ts';
import { PROMETHEUS, ruleFiles } from '../stack/rules.ts';

const promtool = (...args: string[]): Promise<{ code: number | null; output: string }> =>
  capture('promtool', args, { env: process.env, timeoutMs: 110_000 });

beforeAll(() => ensureTools(['promtool'], (line) => void process.stderr.write(`${line}\n`)));

it('promtool check: the configuration, and rules of which none is there twice', async () => {
  const config = await promtool('check', 'config', '--lint-fatal', `${PROMETHEUS}/prometheus.yml`);
  expect(config.output).not.toContain('FAILED');
  expect(config.code).toBe(0);
  const checked = await promtool('check', 'rules', '--lint-fatal', ...ruleFiles().map(({ path }) => path));
  expect(checked).toMatchObject({ code: 0 });
  expect(checked.output.match(/SUCCESS: \d+ rules found/g)).toHaveLength(2);
});

describe.concurrent('promtool test', () => {
  it.each(globSync(`${PROMETHEUS}/tests/*.yml`).map((path) => [basename(path), path] as const))(
    '%s',
    async (_, path) => {
      const { code, output } = await promtool('test', 'rules', path);
      expect(output).toContain('SUCCESS');
      expect(code).toBe(0);
    },
  );
});
