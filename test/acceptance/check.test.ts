/** `lethe check` as its users see it, without any server. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../stack/commands.ts';
import { writeConfig } from '../stack/small-config.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-check-'));
const config = join(dir, 'config');
/** Nobody listens there. */
const AWAY = { KAFKA_BROKERS: '127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' };

beforeAll(() => {
  writeConfig(config, [{ name: 'shop' }]);
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('--print-acls', () => {
  it('needs no server and no settings, and prints lines to paste for each role', async () => {
    const { code, stdout, stderr } = await command(['check', '--print-acls', config], {});
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('--add --allow-principal User:lethe-gateway --operation Read --group lethe\n');
    expect(stdout).toContain('--operation Write --resource-pattern-type prefixed --transactional-id lethe.raw.shop.\n');
    expect(stdout).toContain(
      'ACL SETUSER lethe-gateway reset on >PASSWORD %R~lethe:consent:* %R~lethe:bundle:* +echo +get +info +mget\n',
    );
    expect(stdout.match(/^# lethe (run|control|push): /gm)).toHaveLength(3);
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line !== '' && !/^(#|kafka-acls\.sh |ACL SETUSER )/.test(line))).toEqual([]);
  });

  it('names the user of the settings, where one role is asked for, and shows no password', async () => {
    const { code, stdout } = await command(['check', '--print-acls', '--role', 'control', '--format', 'json', config], {
      ...AWAY,
      ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'c1', KAFKA_SASL_PASSWORD: 'secret-1' },
      ...{ REDIS_URL: 'redis://c2:secret-2@127.0.0.1:1/3', LETHE_GROUP_ID: 'shop-workers' },
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain('secret');
    const { roles } = JSON.parse(stdout);
    expect(roles).toHaveLength(1);
    expect(roles[0]).toMatchObject({
      role: 'control',
      redis: { user: 'c2', commands: expect.arrayContaining(['select']) },
    });
    expect(roles[0].kafka).toContainEqual(
      expect.objectContaining({
        principal: 'User:c1',
        resourceType: 'TransactionalId',
        resourceName: 'shop-workers.raw.shop.',
        patternType: 'Prefixed',
        operation: 'Write',
      }),
    );
  });
});

describe('a check', () => {
  it('tells all that is wrong with settings at once, 78', async () => {
    const { code, stdout } = await command(['check', '--role', 'gateway'], {
      KAFKA_BROKERS: 'http://x',
      LETHE_KEYS: 'k',
    });
    expect(code).toBe(78);
    expect(stdout).toContain('FAIL  settings      REDIS_URL');
    expect(stdout).toContain('KAFKA_BROKERS is no list of HOST:PORT');
    expect(stdout).toContain('there is no setting LETHE_KEYS');
    expect(stdout).not.toContain('\u001b');
  });

  it('tells what is not there, and whose keys everybody may read, within seconds', async () => {
    const keys = join(dir, 'keys.json');
    expect((await command(['keys', 'generate', '--out', keys], {})).code).toBe(0);
    chmodSync(keys, 0o644);
    const { code, stdout, ms } = await command(['check', '--format', 'json', config], {
      ...AWAY,
      LETHE_KEYS_FILE: keys,
    });
    expect(code).toBe(69);
    const { exit, findings } = JSON.parse(stdout);
    expect(exit).toBe(69);
    expect(findings).toContainEqual(
      expect.objectContaining({
        section: 'kafka',
        level: 'fail',
        subject: '127.0.0.1:1',
        finding: 'unreachable: ECONNREFUSED',
      }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ section: 'redis', level: 'fail', subject: '127.0.0.1:1' }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ level: 'warn', subject: `LETHE_KEYS_FILE ${keys}`, fix: `chmod o-rwx ${keys}` }),
    );
    expect(findings).toContainEqual(expect.objectContaining({ section: 'bundle', level: 'ok', subject: config }));
    expect(ms).toBeLessThan(20_000);
  });

  it('takes wrong keys for worse than an outage, 78', async () => {
    const keys = join(dir, 'half.json');
    writeFileSync(keys, JSON.stringify({ subject: Buffer.alloc(32).toString('base64') }), { mode: 0o600 });
    const { code, stdout } = await command(['check', '--role', 'gateway', config], { ...AWAY, LETHE_KEYS_FILE: keys });
    expect(code).toBe(78);
    expect(stdout).toContain('the key "pseudonym" is missing');
    expect(stdout).toContain('the key "dead_letter" is missing');
    expect(stdout).toContain('unreachable: ECONNREFUSED');
  });

  it('says what control cannot do without two keys that it starts without', async () => {
    const keys = join(dir, 'control.json');
    const key = Buffer.alloc(32).toString('base64');
    writeFileSync(keys, JSON.stringify({ subject: key, pseudonym: key }), { mode: 0o600 });
    const { code, stdout } = await command(['check', '--role', 'control', config], { ...AWAY, LETHE_KEYS_FILE: keys });
    expect(code).toBe(69);
    expect(stdout).toMatch(/^warn +keys .*no key "checkpoint" to sign receipts with/m);
    expect(stdout).toMatch(/^warn +keys .*no key "dead_letter" to open the index of published keys with/m);
    // To push a bundle is no remedy for a Redis that is away.
    expect(stdout).not.toContain('Push one');
  });

  it.each([[['check', '--role', 'nobody']], [['check', join(dir, 'nowhere')]]])(
    '%j is no command, 64',
    async (args) => {
      const { code, stdout, stderr } = await command(args, {});
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
      expect(stderr).not.toBe('');
    },
  );
});
