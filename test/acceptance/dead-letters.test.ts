/** `lethe dead-letters` where there is nothing to talk to: what is wrong is told at once, with the right exit code. */
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../deploy/local/ports.ts';
import { folderOf, lethe } from './command.ts';

const run = (args: readonly string[], env: Record<string, string> = {}) => lethe(['dead-letters', ...args], { env });

describe('lethe dead-letters', () => {
  it.each([
    [['list', '--code', 'broken'], 64, 'Allowed choices are undecodable'],
    [['list', '--since', 'yesterday'], 64, '--since is no time'],
    [['list', '--limit', '1.5'], 64, 'Give a whole number'],
    [['list', '--route', 'a', '--topic', 'b'], 64, 'cannot be used with'],
    [['list', '--rout', 'a'], 64, '--route'],
    [['show'], 64, "missing required argument 'coordinate'"],
    [['show', 'raw.x/0'], 64, 'this is no coordinate'],
    [['replay', 'raw.x/0/1', 'raw.x'], 64, '1 of the arguments are no coordinates'],
    [['list'], 78, 'KAFKA_BROKERS'],
    [['replay'], 78, 'REDIS_URL'],
  ] as const)('%j ends with %i', async (args, code, message) => {
    const ran = await run(args);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(message);
  });

  it('names the brokers that do not answer, and the settings', async () => {
    const [port = 0] = await freePorts(1);
    const KAFKA_BROKERS = `127.0.0.1:${port}`;
    const keys = folderOf({});
    await lethe(['keys', 'generate', '--out', `${keys}/keys.json`]);
    const env = { KAFKA_BROKERS, REDIS_URL: `redis://127.0.0.1:${port}`, LETHE_KEYS_FILE: `${keys}/keys.json` };
    for (const args of [['list'], ['replay']]) {
      const ran = await run(args, args[0] === 'list' ? { KAFKA_BROKERS } : env);
      expect([ran.code, ran.stdout]).toEqual([69, '']);
      expect(ran.stderr).toMatch(new RegExp(`Kafka at ${KAFKA_BROKERS} failed while connecting.*\\n.*KAFKA_BROKERS`));
    }
  });

  it('needs keys for a replay', async () => {
    const ran = await run(['replay'], { KAFKA_BROKERS: '127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' });
    expect([ran.code, ran.stderr]).toEqual([78, expect.stringContaining('LETHE_KEYS_FILE is not set')]);
  });
});
