import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { closingLine } from '../../stack/closing-line-reporter.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const reporter = join(root, 'test/stack/closing-line-reporter.ts');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs a suite of one file for real and gives the end of stdout and the exit code. */
const run = async (test: string, setup = ''): Promise<{ line: string | undefined; code: number | null }> => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-line-'));
  folders.push(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(join(folder, 'setup.ts'), setup);
  writeFileSync(join(folder, 'a.test.ts'), `import { describe, expect, it } from 'vitest';\n${test}`);
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { ClosingLineReporter } from ${JSON.stringify(reporter)};
    export default { test: {
      include: ['*.test.ts'], reporters: ['default', new ClosingLineReporter()],
      ${setup === '' ? '' : `globalSetup: ['setup.ts'],`}
    } };`,
  );
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run'], { cwd: folder });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { line: /(?:^|\n)(.*)\n$/.exec(stdout)?.[1], code };
};

describe('the closing line', () => {
  it.each([
    ['what passed', `it('a', () => {}); it('b', () => {});`, '', '2 passed, 0 failed', 0],
    ['what failed', `it('a', () => {}); it('b', () => expect(1).toBe(2));`, '', '1 passed, 1 failed', 1],
    ['a file that does not load', `it('a', () => {}); throw new Error('no');`, '', '0 passed, 1 failed', 1],
    [
      'a suite that does not load',
      `it('a', () => {}); describe('b', () => { throw new Error('no'); });`,
      '',
      expect.stringMatching(/ passed, [1-9]\d* failed$/),
      1,
    ],
    [
      'an error that no test awaited',
      `it('a', async () => { void Promise.reject(new Error('no')); await new Promise((r) => setTimeout(r, 50)); });`,
      '',
      '1 passed, 1 failed',
      1,
    ],
    [
      'a stack that does not start',
      `it('a', () => {});`,
      `export default () => { throw new Error('no'); };`,
      '0 passed, 1 failed',
      1,
    ],
    [
      'a run whose teardown has the last word on stdout',
      `it('a', () => {});`,
      `export default () => () => { process.stdout.write('stopping\\n'); };`,
      '1 passed, 0 failed',
      0,
    ],
  ])('tells of %s', { timeout: 30_000 }, async (_, test, setup, line, code) => {
    expect(await run(test, setup)).toEqual({ line, code });
  });

  it.each([
    [{ passed: 2, failed: 0 }, 0, '2 passed, 0 failed\n'],
    [{ passed: 2, failed: 3 }, 1, '2 passed, 3 failed\n'],
    [{ passed: 2, failed: 0 }, 1, '2 passed, 1 failed\n'],
    [{ passed: 2, failed: 0 }, 130, '2 passed, 1 failed\n'],
    [{ passed: 0, failed: 0 }, 0, '0 passed, 1 failed\n'],
  ])('of %j at exit code %d is never green when the run is red', (count, code, line) => {
    expect(closingLine(count, code)).toBe(line);
  });
});
