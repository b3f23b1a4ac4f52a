/** `lethe keys token`, and what `lethe control` says of the settings of its API. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { lethe } from './command.ts';

describe('lethe keys token', () => {
  it('prints a token once, and the line that lets it in', async () => {
    const { code, stdout, stderr } = await lethe([
      'keys',
      'token',
      'cmp',
      '--scope',
      'consents:read',
      'consents:write',
    ]);
    expect(code).toBe(0);
    const token = stdout.trim();
    expect(token).toMatch(/^lethe_\S{43}$/);
    const hash = createHash('sha256').update(token).digest('hex');
    const [comment, line] = stderr.trim().split('\n');
    expect(comment).toMatch(/^# /);
    expect(JSON.parse(`{${line}}`)).toEqual({ [hash]: { name: 'cmp', scopes: ['consents:read', 'consents:write'] } });
  });

  it.each([
    ['an unknown scope', ['cmp', '--scope', 'consents:all'], /no scope consents:all[^]*consents:read/],
    ['no scope', ['cmp'], /--scope/],
    ['a name that cannot be logged as it is', ['a b', '--scope', 'consents:read'], /name cannot be used/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await lethe(['keys', 'token', ...args]);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(message);
  });
});

it('lethe control names every wrong setting of its API', async () => {
  const { code, stderr } = await lethe(['control'], {
    env: {
      KAFKA_BROKERS: 'localhost:1',
      REDIS_URL: 'redis://localhost:1',
      LETHE_KEYS_FILE: 'keys.json',
      LETHE_API_TOKENS_FILE: 'tokens.yaml',
      LETHE_API_PORT: '70000',
      LETHE_API_HOST: 'a b',
      LETHE_API_TLS_CERT: 'no-such.pem',
    },
  });
  expect(code).toBe(78);
  for (const name of ['LETHE_API_PORT', 'LETHE_API_HOST', 'LETHE_API_TLS_CERT']) expect(stderr).toContain(name);
});
