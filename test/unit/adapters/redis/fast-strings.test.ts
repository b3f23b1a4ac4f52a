import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Whether V8 has String.prototype laid out for speed after these statements, in a process of its own. */
function fast(statements: string): boolean {
  const script = `${statements}; process.stdout.write(String(%HasFastProperties(String.prototype)));`;
  const args = ['--allow-natives-syntax', '--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, { encoding: 'utf8' }) === 'true';
}

const MEND = `import { keepStringsFast } from './services/adapters/redis/fast-strings.ts'; keepStringsFast();`;

it('undoes what a class that extends String does to all text', () => {
  expect(fast('class Slow extends String {}')).toBe(false);
  expect(fast(`${MEND} class Slow extends String {}; keepStringsFast()`)).toBe(true);
});

it('leaves text fast once a client of Redis is made', () => {
  const script = `
    import { connectRedis } from './services/adapters/redis/client.ts';
    const client = connectRedis({ url: 'redis://127.0.0.1:1', tls: null });
    setTimeout(() => process.exit(0), 0);
  `;
  expect(fast(script)).toBe(true);
});
