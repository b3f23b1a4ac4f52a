/** Redis over TLS with a certificate of ours and an ACL user: what goes, what is refused and how it is told, and changes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis } from '../../deploy/local/redis.ts';
import { createRunDir } from '../../deploy/local/run-dir.ts';
import { readSettings } from '../../services/adapters/config/settings.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { type Authority, type Certificate, makeAuthority } from '../stack/certificates.ts';
import { until } from '../stack/commands.ts';
import { type SecureRedis, startSecureRedis } from '../stack/secure-redis.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-secure-redis-'));
const plainDir = createRunDir();
let plain: string;
let authority: Authority;
let other: Authority;
let own: Certificate;
let redis: SecureRedis;
const clients: RedisClient[] = [];

const secret = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  REDIS_URL: redis.url,
  REDIS_USERNAME: 'lethe',
  REDIS_PASSWORD_FILE: secret('password', 'one'),
  REDIS_CA: authority.ca,
  REDIS_CERT: own.cert,
  REDIS_KEY: own.key,
  ...more,
});

function open(settings: Record<string, string>): RedisClient {
  const read = readSettings({ env: settings, needs: ['redis'] as const });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const client = connectRedis({ ...read.settings.redis, commandTimeoutMs: 1_000 });
  clients.push(client);
  return client;
}
const asks = (client: RedisClient): Promise<string> =>
  client
    .run('set', (link) => link.set('lethe:secure', 'x'))
    .catch((error: Error & { fix?: string }) => `${error.message} ${error.fix}`);

beforeAll(async () => {
  authority = await makeAuthority(join(dir, 'authority'));
  other = await makeAuthority(join(dir, 'other'));
  own = await authority.issue('lethe');
  redis = await startSecureRedis(authority, { lethe: ['>one', '~lethe:*', '&lethe:*', '+@all', '-@admin'] });
  plain = (await startRedis(plainDir, () => undefined)).endpoint;
});
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
afterAll(async () => {
  await redis?.stop();
  plainDir.remove();
  rmSync(dir, { recursive: true });
});

it('lets the user in who has both a certificate and the password', async () => {
  expect(await asks(open(env()))).toBe('OK');
});

it('lets the user in whom the URL names', async () => {
  const url = redis.url.replace('rediss://', 'rediss://lethe:one@');
  expect(await asks(open(env({ REDIS_URL: url, REDIS_USERNAME: '', REDIS_PASSWORD_FILE: '' })))).toBe('OK');
});

describe('says in time what is wrong, and what to do', () => {
  it.each<[string, () => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
    ['a wrong password', () => ({ REDIS_PASSWORD_FILE: secret('wrong', 'hunter2') }), /WRONGPASS.*REDIS_PASSWORD/],
    ['an unknown user', () => ({ REDIS_USERNAME: 'nobody' }), /WRONGPASS.*REDIS_USERNAME/],
    ['no password', () => ({ REDIS_USERNAME: '', REDIS_PASSWORD_FILE: '' }), /NOAUTH.*REDIS_PASSWORD/],
    ['no certificate', () => ({ REDIS_CERT: '', REDIS_KEY: '' }), /refuses our certificate, or misses one.*REDIS_CERT/],
    [
      'a certificate of somebody else',
      async () => {
        const { cert, key } = await other.issue('lethe');
        return { REDIS_CERT: cert, REDIS_KEY: key };
      },
      /refuses our certificate.*REDIS_CERT/,
    ],
    [
      'an expired certificate',
      async () => {
        const { cert, key } = await authority.issue('lethe', { expired: true, file: 'expired' });
        return { REDIS_CERT: cert, REDIS_KEY: key };
      },
      /refuses our certificate.*has not expired/,
    ],
    ['the wrong authority', () => ({ REDIS_CA: other.ca }), /nobody that is trusted here.*REDIS_CA/],
    [
      'the wrong name',
      () => ({ REDIS_URL: redis.url.replace('localhost', '127.0.0.1') }),
      /does not hold for that name.*REDIS_URL/,
    ],
    [
      'plain text where TLS is wanted',
      () => ({ REDIS_URL: redis.url.replace('rediss', 'redis'), REDIS_CA: '', REDIS_CERT: '', REDIS_KEY: '' }),
      /closed the connection.*rediss:\/\//,
    ],
    [
      'TLS where plain text is spoken',
      () => ({ REDIS_URL: plain.replace('redis:', 'rediss:') }),
      /no TLS connection.*redis:\/\//,
    ],
  ])('%s', async (_, wrong, told) => {
    const began = Date.now();
    const answer = await asks(open(env(await wrong())));
    expect(answer).toMatch(told);
    expect(answer).toMatch(/^Redis at (?:localhost|127\.0\.0\.1):\d+ \(REDIS_URL\) is unavailable/);
    expect(answer).not.toContain('hunter2');
    expect(Date.now() - began).toBeLessThan(4_000);
  });

  it('a right that the user has not', async () => {
    const client = open(env());
    const answer = await client.run('set', (link) => link.set('other', 'x')).catch((error: Error) => error.message);
    expect(answer).toMatch(/NOPERM/);
  });
});

it('a password that changed there and in the file is used by the next connection', async () => {
  const client = open(env());
  expect(await asks(client)).toBe('OK');
  await redis.setPassword('lethe', 'two');
  expect(await until('it is refused', async () => /WRONGPASS/.test(await asks(client)))).toBe(true);
  secret('password', 'two');
  expect(await until('it goes on', async () => (await asks(client)) === 'OK')).toBe(true);
  await redis.setPassword('lethe', 'one');
});

it('a certificate that changed in the files is shown by the next connection', async () => {
  const files = await authority.issue('lethe', { file: 'rotated' });
  const [cert, key] = [files.cert, files.key].map((path) => readFileSync(path, 'utf8')) as [string, string];
  const client = open(env({ REDIS_CERT: files.cert, REDIS_KEY: files.key }));
  expect(await asks(client)).toBe('OK');
  await authority.issue('lethe', { file: 'rotated', expired: true });
  await redis.admin.call('CLIENT', 'KILL', 'USER', 'lethe');
  expect(await until('it is refused', async () => /certificate/.test(await asks(client)))).toBe(true);
  writeFileSync(files.key, key);
  writeFileSync(files.cert, cert);
  expect(await until('it goes on', async () => (await asks(client)) === 'OK')).toBe(true);
});
