/** Issue 3, "Bad input": a part that cannot be reached at the start is named in one line, with its setting. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../deploy/local/ports.ts';
import { command } from '../stack/commands.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { analyticsOf, consent, writeConfig } from '../stack/small-config.ts';
import { setUp, status, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
let bench: Workbench;
/** Nobody listens there. */
let closed: string;
/** Takes connections and never answers. */
let mute: { server: Server; address: string };
let json: string;
let avro: string;
let consents: string;

beforeAll(async () => {
  bench = await setUp({ ...stack.env, REDIS_URL: `${stack.redis}/9` });
  closed = `127.0.0.1:${(await freePorts(1))[0]}`;
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  mute = { server, address: `127.0.0.1:${(server.address() as { port: number }).port}` };
  json = writeConfig(join(bench.dir, 'json'), [{ name: 'start-up' }]);
  const body = `subject: s\ntime: at\nfields: { id: system, at: system, s: user.unique_id }\n${analyticsOf('start-up')}`;
  avro = writeConfig(join(bench.dir, 'avro'), [{ name: 'start-up', format: 'avro', body }]);
  consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent(1, 'granted')}\n`);
});
afterAll(async () => {
  mute?.server.close();
  await bench?.end();
});

describe.each(['closed', 'mute'] as const)('%s', (kind) => {
  const at = (): string => (kind === 'closed' ? closed : mute.address);
  const cases: [what: string, args: () => string[], settings: () => Record<string, string>, setting: string][] = [
    ['push, no broker', () => ['push', json], () => ({ KAFKA_BROKERS: at() }), 'KAFKA_BROKERS'],
    ['push, no Redis', () => ['push', json], () => ({ REDIS_URL: `redis://${at()}` }), 'REDIS_URL'],
    [
      'push, no registry',
      () => ['push', avro],
      () => ({ SCHEMA_REGISTRY_URL: `http://${at()}` }),
      'SCHEMA_REGISTRY_URL',
    ],
    [
      'consent import, no broker',
      () => ['consent', 'import', consents],
      () => ({ KAFKA_BROKERS: at() }),
      'KAFKA_BROKERS',
    ],
    [
      'consent import, no Redis',
      () => ['consent', 'import', consents],
      () => ({ REDIS_URL: `redis://${at()}` }),
      'REDIS_URL',
    ],
    ['consent get, no Redis', () => ['consent', 'get', 'c-1'], () => ({ REDIS_URL: `redis://${at()}` }), 'REDIS_URL'],
  ];

  it.concurrent.each(cases)('%s: exit 69, endpoint and setting, soon', async (_what, args, settings, setting) => {
    const { code, stdout, stderr, ms } = await command(args(), { ...bench.env, ...settings() });
    expect([code, stdout]).toEqual([69, '']);
    const told = stderr.split('\n').filter((line) => line.startsWith('lethe: '));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(at());
    expect(stderr).toContain(setting);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(ms).toBeLessThan(15_000);
  });
});

it('run without a broker waits, says so once, and ends well when told to', async () => {
  expect((await command(['push', json], bench.env)).code).toBe(0);
  const worker = await bench.worker({ KAFKA_BROKERS: closed });
  await sleep(8_000);
  const told = bench
    .logs()
    .split('\n')
    .filter((line) => line.includes('KAFKA_BROKERS'));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(closed);
  expect(
    bench
      .logs()
      .split('\n')
      .filter((line) => line.includes('"level":"error"')),
  ).toHaveLength(0);
  expect(await status(worker, '/livez')).toBe(200);
  expect(await status(worker, '/readyz')).toBe(503);
  expect(await worker.stop()).toBe(0);
});

it.each([
  [['run'], ['KAFKA_BROKERS', 'REDIS_URL', 'LETHE_KEYS_FILE']],
  [['push', 'config'], ['REDIS_URL']],
  [
    ['consent', 'import', 'schemas/examples/consents.jsonl'],
    ['KAFKA_BROKERS', 'REDIS_URL', 'LETHE_KEYS_FILE'],
  ],
  [
    ['consent', 'get', 'c-1'],
    ['REDIS_URL', 'LETHE_KEYS_FILE'],
  ],
])('%s without settings: exit 78, all that is missing at once', async (args, missing) => {
  // `--config` of an empty file, so that no gateway.yaml of the folder helps out.
  const empty = join(bench.dir, 'empty.yaml');
  writeFileSync(empty, '{}\n');
  const { code, stdout, stderr } = await command([...args, '--config', empty], {});
  expect([code, stdout]).toEqual([78, '']);
  expect(
    stderr
      .split('\n')
      .filter((line) => line.includes('is missing'))
      .map((line) => line.split(':')[0]),
  ).toEqual(missing);
});
