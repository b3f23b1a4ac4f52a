import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../../../services/adapters/config/settings.ts';

let dir: string;
const put = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lethe-live-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const good = (env: Record<string, string>) => {
  const read = readSettings({ env, needs: [], wants: ['kafka', 'redis', 'registry'] });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.settings;
};

describe('a secret in a file', () => {
  const kafkaEnv = (path: string) => ({
    KAFKA_BROKERS: 'a:1',
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: 'u',
    KAFKA_SASL_PASSWORD_FILE: path,
  });

  it('is what the file holds when it is asked for', () => {
    const path = put('password', 'one\n');
    const { sasl } = good(kafkaEnv(path)).kafka ?? {};
    expect(sasl).toMatchObject({ password: 'one' });
    put('password', 'two');
    expect(sasl).toMatchObject({ password: 'two' });
  });

  it('follows a link that is swapped, as Kubernetes does', () => {
    for (const [folder, text] of [
      ['v1', 'one'],
      ['v2', 'two'],
    ] as const) {
      mkdirSync(join(dir, folder));
      put(`${folder}/password`, text);
    }
    symlinkSync('v1', join(dir, 'now'));
    const { sasl } = good(kafkaEnv(join(dir, 'now', 'password'))).kafka ?? {};
    symlinkSync('v2', join(dir, 'next'));
    renameSync(join(dir, 'next'), join(dir, 'now'));
    expect(sasl).toMatchObject({ password: 'two' });
  });

  it('of Vault too', () => {
    const { vault } = good({
      LETHE_VAULT_ADDR: 'https://h',
      LETHE_VAULT_TOKEN_FILE: put('vault', 'one'),
      LETHE_VAULT_TRANSIT_KEY: 'lethe',
    });
    put('vault', 'two');
    expect(vault?.token).toBe('two');
  });

  it('stays what it was while the file is gone or empty', () => {
    const path = put('password', 'one');
    const { sasl } = good(kafkaEnv(path)).kafka ?? {};
    put('password', '');
    expect(sasl).toMatchObject({ password: 'one' });
    rmSync(path);
    expect(sasl).toMatchObject({ password: 'one' });
  });

  it('shows neither in JSON nor printed', () => {
    const { kafka, redis, registry } = good({
      ...kafkaEnv(put('password', 'hunter2')),
      REDIS_URL: 'redis://h',
      REDIS_PASSWORD_FILE: put('redis', 'hunter2'),
      SCHEMA_REGISTRY_URL: 'https://h',
      SCHEMA_REGISTRY_USER: 'u',
      SCHEMA_REGISTRY_PASSWORD_FILE: put('registry', 'hunter2'),
    });
    expect(JSON.stringify({ kafka, redis, registry })).not.toContain('hunter2');
  });
});

it('a certificate stays what it was while its file holds no PEM', () => {
  const ca = put('ca', '-----BEGIN CERTIFICATE-----\none');
  const { ssl } = good({ KAFKA_BROKERS: 'a:1', KAFKA_SSL_CA: ca }).kafka ?? {};
  put('ca', 'half of i');
  expect(ssl).toEqual({ ca: '-----BEGIN CERTIFICATE-----\none' });
  put('ca', '-----BEGIN CERTIFICATE-----\ntwo');
  expect(ssl).toEqual({ ca: '-----BEGIN CERTIFICATE-----\ntwo' });
});

describe('who we are at Redis and the registry', () => {
  it('is read at each log-in', () => {
    const { redis, registry } = good({
      REDIS_URL: 'rediss://h',
      REDIS_USERNAME: 'u',
      REDIS_PASSWORD_FILE: put('redis', 'one'),
      SCHEMA_REGISTRY_URL: 'https://h',
      SCHEMA_REGISTRY_USER: 'ru',
      SCHEMA_REGISTRY_PASSWORD_FILE: put('registry', 'one'),
    });
    put('redis', 'two');
    put('registry', 'two');
    expect(redis?.login?.()).toEqual({ url: 'rediss://h', username: 'u', password: 'two' });
    expect(registry?.login?.()).toEqual({ user: 'ru', password: 'two' });
  });
});
