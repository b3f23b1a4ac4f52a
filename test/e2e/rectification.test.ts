/** Issue 5: a correction of Avro records, killed again and again, lies once where the subject's records lie; and a cancelled request. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, decodeAvro, produce } from '../../deploy/demo/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import type { ShownRequest } from '../../services/core/requests/show.ts';
import { command, type CommandEnd, until } from '../stack/commands.ts';
import { needKcat, type Seen, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { isReady, setUp, total, type Workbench } from '../stack/workbench.ts';

const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const stack = sharedStack();
const NAME = `corrected-${process.pid}-${Date.now().toString(36)}`;
const RAW = `raw.${NAME}`;
const OUTPUTS = [`clean.${NAME}.a`, `clean.${NAME}.f`] as const;
const FIRST = Date.parse('2025-06-01T00:00:00Z');
const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'long' },
    { name: 's', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'e', type: ['null', 'string'] },
    { name: 'v', type: 'string' },
  ],
});

let bench: Workbench;
let encode: (value: unknown) => Buffer;
let registry: ReturnType<typeof makeRegistry>;

const click = (id: number, subject: string): Buffer =>
  encode({ id, s: subject, at: FIRST + id, e: 'user1@example.com', v: 'x' });
const request = (...args: string[]): Promise<CommandEnd> => command(['request', ...args], bench.env, 60_000);
const corrections = async (topic: string): Promise<Seen[]> =>
  (await topicHolds(stack.kafka, topic)).filter(({ source }) => source.startsWith('lethe.requests/'));

beforeAll(async () => {
  await needKcat();
  bench = await setUp({ ...stack.env, REDIS_URL: `${stack.redis.replace(/\/[0-9]+$/, '')}/13` });
  await createTopics(bench.admin, [RAW, ...OUTPUTS], 2);
  registry = makeRegistry({ url: stack.registry, user: null, password: null });
  ({ encode } = avroWire(SCHEMA, await registry.register(`${RAW}-value`, SCHEMA)));
  const config = writeConfig(join(bench.dir, 'config'), [
    { name: NAME, format: 'avro', body: FIELDS + outputsOf(NAME) },
  ]);
  await lethe(['push', config], bench.env);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent(1, 'granted')}\n${consent(2, 'granted')}\n`);
  await lethe(['consent', 'import', consents], bench.env);
  const worker = await bench.worker();
  await isReady(worker);
  const messages = [0, 1, 2, 3].map((id) => ({
    partition: id % 2,
    key: null,
    value: click(id, id < 2 ? 'c-1' : 'c-2'),
  }));
  await produce(bench.kafka, RAW, messages);
  await until('all is published', async () => (await total(worker, 'lethe_decisions_total')) >= 8);
});
afterAll(() => bench?.end());

/** `request run`, killed after a while. */
async function killed(id: string, record: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'request', 'run', id, '--record', record, '--route', NAME], {
    env: { ...process.env, ...bench.env },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([sleep(afterMs), ended]);
  child.kill('SIGKILL');
  await ended;
}

it('an Avro record is put right wherever records of the subject lie, once, however often it is killed', async () => {
  const record = join(bench.dir, 'record.avro');
  writeFileSync(record, click(7_777, 'c-1'));
  const cut = join(bench.dir, 'cut.avro');
  writeFileSync(cut, click(7_777, 'c-1').subarray(0, -3));
  const create = ['create', '--type', 'rectification', 'c-1', '--route', NAME];
  expect(await request(...create, '--record', cut)).toMatchObject({
    code: 64,
    stdout: '',
    stderr: expect.stringContaining('undecodable'),
  });

  const made = await request(...create, '--record', record);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const id = made.stdout.trim();
  for (const afterMs of [700, 1_000, 1_300]) await killed(id, record, afterMs);
  const end = await request('run', id, '--record', record, '--route', NAME, '--format', 'json');
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect((JSON.parse((await request('show', id, '--format', 'json')).stdout) as ShownRequest).request_status).toBe(
    'completed',
  );
  for (const topic of OUTPUTS) {
    const found = await corrections(topic);
    // One in each partition: the subject has a record in both.
    expect(found.map(({ partition }) => partition)).toEqual([0, 1]);
    for (const { value } of found) {
      const schema = await registry.schemaById(value?.readUInt32BE(1) ?? 0);
      expect(decodeAvro(schema ?? '', value ?? Buffer.alloc(0))).toMatchObject({ id: 7_777 });
    }
  }
  expect(await command(['verify'], bench.env)).toMatchObject({ code: 0 });
});

it('a request that was taken back is carried out by nobody', async () => {
  const id = (await request('create', '--type', 'erasure', 'c-2')).stdout.trim();
  expect(await request('cancel', id)).toMatchObject({ code: 0 });
  expect(await request('run', id)).toMatchObject({ code: expect.any(Number) });
  const shown = JSON.parse((await request('show', id, '--format', 'json')).stdout) as ShownRequest;
  expect(shown).toMatchObject({ request_status: 'cancelled', steps: [] });
  expect((await topicHolds(stack.kafka, OUTPUTS[0])).some(({ value }) => value === null)).toBe(false);
  const before = (await topicHolds(stack.kafka, 'lethe.requests')).length;
  expect(await request('cancel', id)).toMatchObject({ code: 0 });
  expect((await topicHolds(stack.kafka, 'lethe.requests')).length).toBe(before);
});
