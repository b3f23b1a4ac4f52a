import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { capture } from '../../../deploy/local/run-command.ts';

const node = (script: string): [string, string[]] => [process.execPath, ['-e', script]];

describe('capture', () => {
  it('gives the exit code and what was said on both streams', async () => {
    const lines: string[] = [];
    const ran = await capture(...node('console.log("a\\nb"); console.error("c"); process.exit(3)'), {
      onLine: (line) => lines.push(line),
    });
    expect(ran.code).toBe(3);
    expect(ran.output.split('\n').toSorted().join('')).toBe('abc');
    expect(lines.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('gives no code for what cannot be run', async () => {
    const { code, output } = await capture('lethe-no-such-command', []);
    expect(code).toBeNull();
    expect(output).toContain('ENOENT');
  });

  it('ends a command that takes too long', async () => {
    const began = Date.now();
    expect((await capture(...node('setTimeout(() => {}, 60000)'), { timeoutMs: 300 })).code).toBeNull();
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  it('does not keep its caller for the timeout of a command that could not be run', async () => {
    const module = JSON.stringify(new URL('../../../deploy/local/run-command.ts', import.meta.url));
    const script = `const { capture } = await import(${module}); await capture('lethe-no-such-command', [], { timeoutMs: 600000 })`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore', timeout: 15_000 });
    expect(await new Promise((resolve) => void child.once('exit', resolve))).toBe(0);
  }, 20_000);
});
