import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../../../services/adapters/config/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-oauth-'));
const tokenFile = join(dir, 'token');
writeFileSync(tokenFile, 'a.b.c\n');
afterAll(() => rmSync(dir, { recursive: true }));

const BASE = { KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'OAUTHBEARER', REDIS_URL: 'redis://h' };
const CLIENT = {
  KAFKA_SASL_OAUTH_TOKEN_URL: 'https://idp.example.com/token',
  KAFKA_SASL_OAUTH_CLIENT_ID: 'lethe',
  KAFKA_SASL_OAUTH_CLIENT_SECRET: 'hunter2',
};
const read = (env: Record<string, string>) =>
  readSettings({ env: { ...BASE, ...env }, needs: ['kafka', 'redis', 'registry'] as const, wants: [] });

describe('oauthbearer', () => {
  const sasl = (env: Record<string, string>) => {
    const result = read({ SCHEMA_REGISTRY_URL: 'http://h', ...env });
    return result.ok ? result.settings.kafka.sasl : result.problems;
  };

  it('takes a token from a file', () => {
    expect(sasl({ KAFKA_SASL_OAUTH_TOKEN_FILE: tokenFile })).toEqual({ mechanism: 'oauthbearer', token: 'a.b.c' });
  });

  it('takes client credentials', () => {
    const { url, id, secret, scope } = {
      url: CLIENT.KAFKA_SASL_OAUTH_TOKEN_URL,
      id: 'lethe',
      secret: 'hunter2',
      scope: 's',
    };
    const found = sasl({ ...CLIENT, KAFKA_SASL_OAUTH_SCOPE: 's' });
    expect(found).toEqual({ mechanism: 'oauthbearer', client: { url, id, secret, scope } });
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it.each<[string, Record<string, string>, string]>([
    ['no token', {}, 'KAFKA_SASL_OAUTH_TOKEN_FILE: the setting is missing'],
    [
      'half a client',
      { ...CLIENT, KAFKA_SASL_OAUTH_CLIENT_ID: '' },
      'KAFKA_SASL_OAUTH_CLIENT_ID: the setting is missing',
    ],
    ['plain http', { ...CLIENT, KAFKA_SASL_OAUTH_TOKEN_URL: 'http://idp.example.com' }, 'is no https URL'],
    ['credentials in the URL', { ...CLIENT, KAFKA_SASL_OAUTH_TOKEN_URL: 'https://u:hunter2@h' }, 'holds credentials'],
    [
      'both ways',
      { ...CLIENT, KAFKA_SASL_OAUTH_TOKEN_FILE: tokenFile },
      'is set, but KAFKA_SASL_OAUTH_TOKEN_FILE is too',
    ],
    ['a password', { ...CLIENT, KAFKA_SASL_PASSWORD: 'hunter2' }, 'is set, but the mechanism is oauthbearer'],
    ['another mechanism', { ...CLIENT, KAFKA_SASL_MECHANISM: 'plain' }, 'is set, but the mechanism is plain'],
    ['no mechanism', { ...CLIENT, KAFKA_SASL_MECHANISM: '' }, 'is set, but no mechanism'],
  ])('refuses %s', (_, env, problem) => {
    const result = read({ SCHEMA_REGISTRY_URL: 'http://h', ...env });
    const problems = result.ok ? [] : result.problems.map(({ from, message }) => `${from}: ${message}`);
    expect(
      problems.some((one) => one.includes(problem)),
      problems.join('\n'),
    ).toBe(true);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('takes plain http on this machine', () => {
    const found = sasl({ ...CLIENT, KAFKA_SASL_OAUTH_TOKEN_URL: 'http://127.0.0.1:8080/token' });
    expect(found).toMatchObject({ client: { url: 'http://127.0.0.1:8080/token' } });
  });
});

describe('Redis and the registry', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a user alone', { REDIS_USERNAME: 'u' }, 'REDIS_USERNAME is set alone'],
    ['two passwords', { REDIS_URL: 'redis://:a@h', REDIS_PASSWORD: 'b' }, 'REDIS_URL holds credentials too'],
    ['a CA for plain http', { SCHEMA_REGISTRY_CA: 'CA' }, 'SCHEMA_REGISTRY_URL asks for no TLS'],
  ])('refuse %s', (_, env, problem) => {
    const ca = join(dir, 'ca.pem');
    writeFileSync(ca, '-----BEGIN CERTIFICATE-----');
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value === 'CA' ? ca : value]));
    const result = read({ KAFKA_SASL_MECHANISM: '', SCHEMA_REGISTRY_URL: 'http://h', ...given });
    const messages = result.ok ? [] : result.problems.map(({ message }) => message);
    expect(
      messages.some((one) => one.includes(problem)),
      messages.join('\n'),
    ).toBe(true);
  });
});
