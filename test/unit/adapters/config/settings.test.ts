import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  formatSettingProblems,
  type Need,
  readSettings,
  type Settings,
  type SettingsRequest,
} from '../../../../services/adapters/config/settings.ts';

const ALL = ['kafka', 'redis', 'registry', 'keysFile'] as const;
const ENV = {
  KAFKA_BROKERS: 'a:9092, b:9093',
  REDIS_URL: 'redis://:hunter2@localhost:6379',
  SCHEMA_REGISTRY_URL: 'http://localhost:8081/apis/',
  LETHE_KEYS_FILE: '/keys.json',
};
const PEM = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function good<N extends Need>(request: SettingsRequest<N>): Settings<N> {
  const result = readSettings(request);
  if (!result.ok) throw new Error(formatSettingProblems(result.problems));
  return result.settings;
}

function bad(env: Record<string, string>, gateway?: string, needs: readonly Need[] = ALL): string[] {
  const result = readSettings({ env, needs, file: gateway === undefined ? undefined : file('gateway.yaml', gateway) });
  return result.ok ? [] : formatSettingProblems(result.problems).replaceAll(folder, 'DIR').trimEnd().split('\n');
}

describe('the control API', () => {
  const needs = ['api'] as const;

  it('is not there without a tokens file, which is a problem only where it is needed', () => {
    expect(good({ env: { LETHE_API_PORT: '1' }, needs: [], wants: needs }).api).toBeNull();
    expect(bad({}, undefined, needs).join()).toContain('LETHE_API_TOKENS_FILE');
  });

  it('listens on this machine alone, without TLS, unless told', () => {
    expect(good({ env: { LETHE_API_TOKENS_FILE: '/t.yaml' }, needs }).api).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      tokensFile: '/t.yaml',
      tls: null,
      requestsPerMinute: 6_000,
    });
  });

  it('speaks TLS where certificate and key are named, both or neither, and hides the key', () => {
    const cert = file('cert.pem', PEM);
    const key = file('key.pem', PEM.replaceAll('x', 'hunter2'));
    const env = { LETHE_API_TOKENS_FILE: '/t.yaml', LETHE_API_TLS_CERT: cert, LETHE_API_TLS_KEY: key };
    const { api } = good({ env, needs });
    expect(api.tls?.key).toContain('hunter2');
    expect(JSON.stringify(api) + inspect(api, { depth: 5 })).not.toContain('hunter2');
    file('key.pem', PEM.replaceAll('x', 'renewed'));
    expect(api.tls?.key).toContain('renewed');
    expect(bad({ ...env, LETHE_API_TLS_KEY: '' }, undefined, needs).join()).toContain(
      'LETHE_API_TLS_CERT is set alone',
    );
  });
});

describe('what is read', () => {
  it('has the defaults of the design', () => {
    expect(good({ env: {}, needs: [] })).toEqual({
      kafka: null,
      traces: null,
      redis: null,
      vault: null,
      registry: null,
      keysFile: null,
      api: null,
      groupId: 'lethe',
      http: { host: '0.0.0.0', port: 9464 },
      consentMaxStalenessMs: 60_000,
      consume: { sessionTimeoutMs: 10_000, maxBytesPerPartition: 1_048_576 },
      limits: { maxBytes: 10_485_760, maxDepth: 512 },
      pseudonyms: { epochs: new Map(), keepMs: null },
      requestDeadlines: new Map([
        ['gdpr', 2_592_000_000],
        ['ccpa', 3_888_000_000],
      ]),
      callbackHosts: [],
      logLevel: 'info',
    });
  });

  it('knows which hosts callbacks may name', () => {
    const read = (text: string) => readSettings({ env: { LETHE_CALLBACK_HOSTS: text }, needs: [] });
    expect(read('a.example, b.example:8443,[::1]:9,127.0.0.1,')).toMatchObject({
      settings: { callbackHosts: ['a.example', 'b.example:8443', '[::1]:9', '127.0.0.1'] },
    });
    for (const text of ['https://a.example', '*', 'a.example/x', 'u@a.example', 'a.example:0', 'a:65536', '::1']) {
      expect(read(text), text).toMatchObject({
        ok: false,
        problems: [{ message: 'LETHE_CALLBACK_HOSTS is no list of hosts' }],
      });
    }
  });

  it('knows when versions of the pseudonym key began, and for how long old ones are resolved', () => {
    const env = { LETHE_PSEUDONYM_EPOCHS: '2=2026-06-01T00:00:00Z', LETHE_PSEUDONYM_KEEP: 'P90D' };
    expect(good({ env, needs: [] }).pseudonyms).toEqual({
      epochs: new Map([[2, Date.UTC(2026, 5, 1)]]),
      keepMs: 90 * 86_400_000,
    });
    const wrong = { LETHE_PSEUDONYM_EPOCHS: '2026-06-01', LETHE_PSEUDONYM_KEEP: '90' };
    expect(readSettings({ env: wrong, needs: [] })).toMatchObject({
      ok: false,
      problems: [
        { message: 'LETHE_PSEUDONYM_EPOCHS is no list of versions and times' },
        { message: 'LETHE_PSEUDONYM_KEEP is no duration' },
      ],
    });
  });

  it('comes from the environment', () => {
    const env = {
      ...ENV,
      LETHE_GROUP_ID: 'g-1',
      LETHE_HTTP_PORT: '0',
      LETHE_HTTP_HOST: '::1',
      LETHE_CONSENT_MAX_STALENESS: 'PT1M30.5S',
      LETHE_SESSION_TIMEOUT: 'PT6S',
      LETHE_BATCH_BYTES: '65536',
      LETHE_MAX_RECORD_BYTES: '1000',
      LETHE_MAX_DEPTH: '64',
      LETHE_LOG_LEVEL: 'DEBUG',
      KAFKA_SSL: 'true',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 'p',
      SCHEMA_REGISTRY_USER: 'ru',
      SCHEMA_REGISTRY_PASSWORD: 'rp',
    };
    const settings = good({ env, needs: ALL });
    expect(settings.kafka).toEqual({
      brokers: ['a:9092', 'b:9093'],
      clientId: 'g-1',
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
    });
    expect(settings.redis).toEqual({ url: ENV.REDIS_URL, tls: {} });
    expect(settings.registry).toEqual({ url: 'http://localhost:8081/apis', user: 'ru', password: 'rp' });
    expect(settings).toMatchObject({
      keysFile: '/keys.json',
      http: { host: '::1', port: 0 },
      consentMaxStalenessMs: 90_500,
      consume: { sessionTimeoutMs: 6_000, maxBytesPerPartition: 65_536 },
      limits: { maxBytes: 1000, maxDepth: 64 },
      logLevel: 'debug',
    });
  });

  it('reads the deadlines of requests, and refuses what is no deadline', () => {
    const { requestDeadlines } = good({ env: { LETHE_REQUEST_DEADLINES: 'ccpa=P15D' }, needs: [] });
    expect([...requestDeadlines.values()]).toEqual([2_592_000_000, 1_296_000_000]);
    expect(readSettings({ env: { LETHE_REQUEST_DEADLINES: 'soon' }, needs: [] }).ok).toBe(false);
  });

  it('comes from gateway.yaml, where paths are relative to it', () => {
    mkdirSync(join(folder, 'sub'));
    const path = file(
      'sub/gateway.yaml',
      'KAFKA_BROKERS: [a:1, b:2]\nKAFKA_SSL: false\nLETHE_HTTP_PORT: 80\nLETHE_KEYS_FILE: ../keys.json\n',
    );
    const settings = good({ env: {}, file: path, needs: ['kafka', 'keysFile'] });
    expect(settings.kafka).toMatchObject({ brokers: ['a:1', 'b:2'], ssl: false, sasl: null });
    expect(settings.http.port).toBe(80);
    expect(settings.keysFile).toBe(join(folder, 'keys.json'));
  });

  it('comes from the environment where both have it, unless it is empty there', () => {
    const path = file('gateway.yaml', 'LETHE_GROUP_ID: file\nLETHE_LOG_LEVEL: warn\nREDIS_URL: redis://file\n');
    const secret = file('url', 'redis://secret\n');
    const env = { LETHE_GROUP_ID: 'env', LETHE_LOG_LEVEL: '', REDIS_URL_FILE: secret };
    const settings = good({ env, file: path, needs: ['redis'] });
    expect([settings.groupId, settings.logLevel, settings.redis.url]).toEqual(['env', 'warn', 'redis://secret']);
  });

  it('takes secrets and certificates from files', () => {
    const env = {
      ...ENV,
      KAFKA_SSL_CA: file('ca.pem', PEM),
      KAFKA_SSL_CERT: file('cert.pem', PEM),
      KAFKA_SSL_KEY: file('key.pem', PEM),
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME_FILE: file('user', 'u\r\n'),
      KAFKA_SASL_PASSWORD_FILE: file('password', ' p \n\n'),
      SCHEMA_REGISTRY_USER_FILE: file('ru', 'ru'),
      SCHEMA_REGISTRY_PASSWORD_FILE: file('rp', 'rp'),
    };
    const settings = good({ env, needs: ['kafka', 'registry'] });
    expect(settings.kafka.ssl).toEqual({ ca: PEM.trim(), cert: PEM.trim(), key: PEM.trim() });
    expect(settings.kafka.sasl).toEqual({ mechanism: 'plain', username: 'u', password: ' p \n' });
    expect(settings.registry).toMatchObject({ user: 'ru', password: 'rp' });
  });

  it('leaves alone what the command does not need', () => {
    const env = { KAFKA_BROKERS: '???', REDIS_URL: 'http://x', SCHEMA_REGISTRY_URL: 'nope', KAFKA_SSL_CA: '/none' };
    expect(good({ env, needs: [] })).toMatchObject({ kafka: null, redis: null, registry: null });
  });

  it('takes what is wanted where it is there', () => {
    expect(good({ env: {}, needs: [], wants: ['registry'] }).registry).toBeNull();
    expect(good({ env: ENV, needs: [], wants: ['registry'] }).registry?.url).toBe('http://localhost:8081/apis');
  });

  it('needs no fallback file, and takes one that holds nothing', () => {
    expect(good({ env: {}, fallbackFile: join(folder, 'none.yaml'), needs: [] }).groupId).toBe('lethe');
    expect(good({ env: {}, file: file('empty.yaml', '# nothing\n'), needs: [] }).groupId).toBe('lethe');
    expect(good({ env: {}, fallbackFile: file('g.yaml', 'LETHE_GROUP_ID: f'), needs: [] }).groupId).toBe('f');
  });

  it('is frozen, and shows no secret when printed', () => {
    const env = {
      ...ENV,
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 'hunter2',
      SCHEMA_REGISTRY_USER: 'u',
      SCHEMA_REGISTRY_PASSWORD: 'hunter2',
      KAFKA_SSL_CERT: file('cert.pem', PEM),
      KAFKA_SSL_KEY: file('key.pem', `-----BEGIN PRIVATE KEY-----\nhunter2\n`),
    };
    const settings = good({ env, needs: ALL });
    expect([settings, settings.kafka, settings.kafka.sasl, settings.http].every((o) => Object.isFrozen(o))).toBe(true);
    expect(settings.kafka.sasl).toMatchObject({ mechanism: 'plain', username: 'u' });
    expect((settings.kafka.sasl as { password?: string }).password).toBe('hunter2');
    for (const text of [inspect(settings, { depth: 9 }), JSON.stringify(settings)]) {
      expect(text).not.toContain('hunter2');
    }
    expect(JSON.stringify(settings)).toContain('[secret]');
  });
});

describe('what is wrong', () => {
  it('is all said at once, and whence', () => {
    expect(bad({ LETHE_HTTP_PORT: '99999' }, 'LETHE_LOG_LEVEL: loud\n', ['kafka', 'redis'])).toEqual([
      'KAFKA_BROKERS: the setting is missing. Set it in the environment or in gateway.yaml to HOST:PORT of some brokers, separated by commas.',
      'REDIS_URL: the setting is missing. Set it in the environment or in gateway.yaml to redis://HOST:PORT.',
      'environment: LETHE_HTTP_PORT is no whole number in range. Use one from 0 to 65535.',
      'DIR/gateway.yaml:1:1: LETHE_LOG_LEVEL is none of what it can be. Allowed: trace, debug, info, warn, error, fatal, silent.',
    ]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a broker without port', { KAFKA_BROKERS: 'a' }, 'KAFKA_BROKERS is no list of HOST:PORT'],
    ['a broker with a scheme', { KAFKA_BROKERS: 'kafka://a:1' }, 'KAFKA_BROKERS is no list of HOST:PORT'],
    ['port 0', { KAFKA_BROKERS: 'a:0' }, 'KAFKA_BROKERS is no list of HOST:PORT'],
    ['commas alone', { KAFKA_BROKERS: ' , ' }, 'KAFKA_BROKERS is no list of HOST:PORT'],
    ['an unknown mechanism', { KAFKA_SASL_MECHANISM: 'scram-sha-1' }, 'KAFKA_SASL_MECHANISM is none of'],
    ['a mechanism alone', { KAFKA_SASL_MECHANISM: 'plain' }, 'KAFKA_SASL_PASSWORD: the setting is missing'],
    ['a password alone', { KAFKA_SASL_PASSWORD: 'hunter2' }, 'KAFKA_SASL_PASSWORD is set, but no mechanism'],
    ['KAFKA_SSL=maybe', { KAFKA_SSL: 'maybe' }, 'KAFKA_SSL is neither on nor off'],
    ['a certificate alone', { KAFKA_SSL_CERT: 'PEM' }, 'KAFKA_SSL_CERT is set alone'],
    ['TLS off with a certificate', { KAFKA_SSL: 'false', KAFKA_SSL_CA: 'PEM' }, 'KAFKA_SSL is off, but'],
    ['no PEM', { KAFKA_SSL_CA: 'TEXT' }, 'the file that KAFKA_SSL_CA names is not PEM'],
    ['a file that is not there', { KAFKA_SSL_CA: '/none/ca' }, 'KAFKA_SSL_CA names cannot be read (ENOENT)'],
    ['an empty secret file', { REDIS_URL: '', REDIS_URL_FILE: 'EMPTY' }, 'REDIS_URL_FILE names is empty'],
    ['a secret twice', { REDIS_URL_FILE: 'TEXT' }, 'both REDIS_URL and REDIS_URL_FILE are set'],
    ['no Redis URL', { REDIS_URL: 'hunter2:6379' }, 'REDIS_URL is no Redis URL'],
    ['Redis certificates without TLS', { REDIS_CA: 'PEM' }, 'REDIS_URL asks for no TLS'],
    ['no registry URL', { SCHEMA_REGISTRY_URL: 'hunter2' }, 'SCHEMA_REGISTRY_URL is no http(s) URL'],
    ['a registry URL with credentials', { SCHEMA_REGISTRY_URL: 'http://u:hunter2@h' }, 'SCHEMA_REGISTRY_URL holds cr'],
    ['a registry user alone', { SCHEMA_REGISTRY_USER: 'u' }, 'SCHEMA_REGISTRY_USER is set alone'],
    ['a group of spaces', { LETHE_GROUP_ID: ' ' }, 'LETHE_GROUP_ID cannot be used'],
    ['a port of letters', { LETHE_HTTP_PORT: '0x10' }, 'LETHE_HTTP_PORT is no whole number'],
    ['a depth of zero', { LETHE_MAX_DEPTH: '0' }, 'LETHE_MAX_DEPTH is no whole number in range'],
    ['staleness in plain seconds', { LETHE_CONSENT_MAX_STALENESS: '60' }, 'LETHE_CONSENT_MAX_STALENESS is no duration'],
    ['staleness of nothing', { LETHE_CONSENT_MAX_STALENESS: 'PT0S' }, 'LETHE_CONSENT_MAX_STALENESS is no duration'],
    ['staleness in months', { LETHE_CONSENT_MAX_STALENESS: 'P1M' }, 'LETHE_CONSENT_MAX_STALENESS is no duration'],
  ])('%s', (_, change, expected) => {
    const files: Record<string, string> = {
      PEM: file('pem', PEM),
      TEXT: file('text', 'hunter2'),
      EMPTY: file('no', '\n'),
    };
    const env = Object.fromEntries(Object.entries({ ...ENV, ...change }).map(([k, v]) => [k, files[v] ?? v]));
    const problems = bad(env);
    expect(problems.some((line) => line.includes(expected))).toBe(true);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('in gateway.yaml has a position, and shows no value', () => {
    expect(bad(ENV, 'KAFKA_BROKER: hunter2\nREDIS_URL:\n  - hunter2\nLETHE_HTTP_PORT: 1.5\n')).toEqual([
      'DIR/gateway.yaml:2:1: `REDIS_URL` must be text, not a list. Write text.',
      'DIR/gateway.yaml:4:1: `LETHE_HTTP_PORT` must be a whole number or text, not a number. Write a whole number or text.',
      'DIR/gateway.yaml:1:1: unknown key `KAFKA_BROKER`. Did you mean `KAFKA_BROKERS`?',
    ]);
    expect(bad(ENV, 'REDIS_URL: a\nREDIS_URL: b\n')).toEqual([
      'DIR/gateway.yaml:2:1: `REDIS_URL` is given twice in this mapping. Keep one of the two.',
    ]);
  });

  it('is a gateway.yaml that was named and is not there', () => {
    const result = readSettings({ env: ENV, file: join(folder, 'none.yaml'), needs: [] });
    expect(result.ok ? [] : result.problems.map(({ message }) => message)).toEqual([
      'the file cannot be read (ENOENT)',
    ]);
  });

  it('is a mere warning where a LETHE_ variable means nothing', () => {
    const result = readSettings({ env: { LETHE_GROUPID: 'x', LETHE_STACK_KAFKA_PORT: '1', OTHER: 'y' }, needs: [] });
    expect(result.ok && formatSettingProblems(result.warnings)).toBe(
      'environment: warning: there is no setting LETHE_GROUPID. Correct or remove it. Did you mean `LETHE_GROUP_ID`?\n',
    );
  });
});
