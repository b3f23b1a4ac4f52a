/** `lethe explain --at` against a running worker: what is told is what was published and audited. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { lethe as commandOf } from '../acceptance/command.ts';
import { until } from '../stack/commands.ts';
import { needKcat, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { segmentsOf, walk } from '../stack/trail.ts';
import { isReady, setUp, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
const brokers = stack.kafka;
const REDIS_URL = `${stack.redis.replace(/\/[0-9]+$/, '')}/4`;
const run = Date.now().toString(36);
const json = `explained-${run}`;
const avro = `explained-avro-${run}`;
const AVRO = JSON.stringify({
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'long' },
    { name: 's', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'e', type: ['null', 'string'] },
    { name: 'v', type: { type: 'array', items: 'string' } },
  ],
});

let bench: Workbench;
let digest = '';

type Explanation = {
  readonly source: string;
  readonly now: string;
  readonly bundle: { readonly digest: string; readonly from: string };
  readonly consentsFrom: string;
  readonly nowFrom: string;
  readonly outcome: string;
  readonly deadLetter: { readonly code: string; readonly path: string | null } | null;
  readonly audited: {
    readonly segment: { readonly bundle: string; readonly decidedAt: string } | null;
    readonly comparison: { readonly same: boolean; readonly differences: readonly string[] } | null;
  };
  readonly outputs: readonly {
    readonly topic: string;
    readonly outcome: string;
    readonly reason: string | null;
    readonly consent: { readonly decision: string } | null;
    readonly key: { readonly value: string | null };
    readonly fields: readonly {
      readonly path: string;
      readonly effect: string;
      readonly values: { readonly shown: readonly { path: string; before: unknown; after?: unknown }[] };
    }[];
  }[];
};

const explain = async (at: string, ...more: string[]): Promise<Explanation> =>
  JSON.parse(await lethe(['explain', ...more, '--at', at, '--format', 'json'], bench.env)) as Explanation;

async function importConsents(...lines: string[]): Promise<void> {
  const file = join(bench.dir, 'consents.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  await lethe(['consent', 'import', file], bench.env);
}

/** What was released of the fields, by path. */
const released = ({ fields }: Explanation['outputs'][number]): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap(({ values }) =>
      values.shown.filter((one) => 'after' in one).map(({ path, after }) => [path, after]),
    ),
  );

beforeAll(async () => {
  await needKcat();
  const redis = new Redis(REDIS_URL);
  await redis.flushdb();
  redis.disconnect();
  bench = await setUp({ ...stack.env, REDIS_URL });
  await createTopics(bench.admin, [`raw.${json}`, `raw.${avro}`], 1);
  const registry = makeRegistry({ url: stack.registry, user: null, password: null });
  const { encode } = avroWire(AVRO, await registry.register(`raw.${avro}-value`, AVRO));
  const list = FIELDS.replace('v: user.behavior', '"v[]": user.behavior');
  const folder = writeConfig(join(bench.dir, 'config'), [
    { name: json, body: FIELDS + outputsOf(json) },
    { name: avro, format: 'avro', body: list + outputsOf(avro) },
  ]);
  digest = (await lethe(['push', folder], bench.env)).trim();
  await importConsents(consent(1, 'granted'), consent(2, 'denied'));
  const worker = await bench.worker();
  await isReady(worker);

  const at = Date.parse('2025-06-01T00:00:00Z');
  await produce(bench.kafka, `raw.${json}`, [
    { partition: 0, key: 'c-1', value: event(1, 1, 'canary'), headers: { trace: 'x' } },
    { partition: 0, key: null, value: event(2, 2) },
    { partition: 0, key: null, value: '{"id":1' },
    { partition: 0, key: 'c-1', value: null },
  ]);
  // Its commit leaves a marker behind, which is an offset without a record.
  const transactional = bench.kafka.producer({
    transactionalId: `explained-${run}`,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await transactional.connect();
  const transaction = await transactional.transaction();
  await transaction.send({ topic: `raw.${json}`, messages: [{ partition: 0, value: event(3, 3) }] });
  await transaction.commit();
  await transactional.disconnect();
  const value = encode({ id: 7, s: 'c-1', at, e: 'user1@example.com', v: ['a', 'canary'] });
  await produce(bench.kafka, `raw.${avro}`, [{ partition: 0, key: null, value }]);
  for (const [topic, count] of [
    [json, 5],
    [avro, 1],
  ] as const) {
    await until(`${topic} is decided about`, async () => {
      const { decisions } = walk(await segmentsOf(brokers, `raw.${topic}`));
      return decisions.size >= count || null;
    });
  }
  expect(await worker.stop()).toBe(0);
});
afterAll(() => bench?.end());

it('JSON: told as it was published and audited, under the bundle and at the time of the decision', async () => {
  const told = await explain(`raw.${json}/0/0`);
  expect(told.audited.comparison).toEqual({ same: true, differences: [] });
  expect(told).toMatchObject({
    source: `raw.${json}/0/0`,
    bundle: { digest, from: 'audit' },
    ...{ consentsFrom: 'view', nowFrom: 'audit', outcome: 'decided' },
  });
  expect(told.now).toBe(told.audited.segment?.decidedAt);
  const published = (await topicHolds(brokers, `clean.${json}.a`)).find(({ source }) => source === told.source);
  expect(released(told.outputs[0]!)).toEqual(JSON.parse(published?.value?.toString() ?? ''));
  expect(told.outputs[0]?.key.value).toBe(published?.key?.toString());
});

it('Avro: the same, by the registry', async () => {
  const told = await explain(`raw.${avro}/0/0`);
  expect(told.audited.comparison).toEqual({ same: true, differences: [] });
  const pseudonym = told.outputs[0]?.key.value;
  expect(released(told.outputs[0]!)).toEqual({
    ...{ id: 7, s: pseudonym, at: Date.parse('2025-06-01T00:00:00Z'), e: 'u***@example.com' },
    ...{ 'v[0]': 'a', 'v[1]': 'canary' },
  });
  expect(pseudonym).toBe((await topicHolds(brokers, `clean.${avro}.a`))[0]?.key?.toString());
});

it('a dead letter, a refusal, a tombstone; an offset that holds no record is no bug', async () => {
  const [dead, refused, tombstone, marker] = await Promise.all([
    explain(`raw.${json}/0/2`),
    explain(`raw.${json}/0/1`),
    explain(`raw.${json}/0/3`),
    commandOf(['explain', '--at', `raw.${json}/0/5`], { env: bench.env }),
  ]);
  expect(dead).toMatchObject({ outcome: 'dead_lettered', deadLetter: { code: 'undecodable', path: null } });
  expect(refused.outputs[0]).toMatchObject({ outcome: 'withheld', reason: 'consent_denied' });
  expect(refused.outputs[0]?.consent).toMatchObject({ decision: 'denied' });
  for (const told of [dead, refused, tombstone]) expect(told.audited.comparison?.differences).toEqual([]);
  expect([marker.code, marker.stdout]).toEqual([1, '']);
  expect(marker.stderr).toContain('holds no record');
});

it('what has changed since is told: a consent that arrived late, and another bundle', async () => {
  await importConsents(consent(1, 'withdrawn', 'analytics', '2025-05-01T00:00:00Z'));
  const stricter = outputsOf(json).replace('{ select: user.contact.email, action: mask, mask: email }\n      - ', '');
  const candidate = writeConfig(join(bench.dir, 'candidate'), [{ name: json, body: FIELDS + stricter }]);
  const file = join(bench.dir, 'as-before.jsonl');
  writeFileSync(file, `${consent(1, 'granted')}\n`);
  const [told, other] = await Promise.all([
    explain(`raw.${json}/0/0`),
    explain(`raw.${json}/0/0`, candidate, '--consents', file),
  ]);
  expect(told.outputs[0]).toMatchObject({ outcome: 'withheld', reason: 'consent_withdrawn' });
  expect(told.audited.comparison).toEqual({
    same: false,
    differences: [`clean.${json}.a: the audit says published; now it is withheld (consent_withdrawn)`],
  });
  expect(other).toMatchObject({ bundle: { from: 'folder' }, consentsFrom: 'file' });
  expect(other.audited.comparison?.differences).toEqual([`clean.${json}.a: e: the audit says mask; now it is drop`]);
});
