/** `lethe verify` over what a worker left in Kafka: whole at first, then tampered with by a producer of our own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe } from '../../deploy/demo/processes.ts';
import { createTopics, produce, type RawMessage } from '../../deploy/demo/topics.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { sha256Hex } from '../../services/adapters/crypto/digest.ts';
import { type AuditSegment, recomputeHash } from '../../services/core/audit/segment.ts';
import { command, type CommandEnd, until } from '../stack/commands.ts';
import { needKcat, produceLines, type Seen, topicHolds } from '../stack/kcat.ts';
import { consent, event, writeConfig } from '../stack/small-config.ts';
import { segmentsOf, walk } from '../stack/trail.ts';
import { setUp, type Workbench } from '../stack/workbench.ts';

// An audit topic of its own: other tests leave in theirs what they like.
let stack: Stack<'kafka' | 'redis'>;
let bench: Workbench;
let brokers: string;
const RAW = 'raw.verify';

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'], env: {}, docker: 'never', log: () => undefined });
  brokers = stack.kafka.endpoint;
  // Small batches: many segments.
  bench = await setUp({ ...stack.env, LETHE_BATCH_BYTES: '4096' });
  await createTopics(bench.admin, [RAW], 2);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent(1, 'granted')}\n`);
  await lethe(['push', writeConfig(join(bench.dir, 'config'), [{ name: 'verify' }])], bench.env);
  await lethe(['consent', 'import', consents], bench.env);
});
afterAll(async () => {
  await bench?.end();
  await stack?.stop();
});

const verify = (...flags: string[]): Promise<CommandEnd> => command(['verify', ...flags], bench.env);
const kinds = ({ stdout }: CommandEnd): string[] =>
  [...stdout.matchAll(/^FINDING (\w+)/gm)].map(([, kind]) => kind ?? '');

let produced = 0;
/** So many more records in each partition, decided about by a worker that then stops. */
async function work(count: number, env: Record<string, string> = {}, decisions?: number): Promise<void> {
  const worker = await bench.worker(env);
  for (const partition of [0, 1]) {
    const lines = Array.from({ length: count }, (_, n) => (n % 50 === 7 ? '{' : event(produced + n, n % 3)));
    // A record batch each time, and so a segment.
    for (let at = 0; at < count; at += 50) await produceLines(brokers, RAW, partition, lines.slice(at, at + 50));
  }
  produced += count;
  const wanted = decisions ?? produced * 2;
  const decided = async (): Promise<number> =>
    (await segmentsOf(brokers, RAW)).reduce(
      (sum, { records }) => sum + records.reduce((all, run) => all + run.count, 0),
      0,
    );
  await until('all is decided about', async () => (await decided()) >= wanted || null, 60_000);
  expect(await worker.stop()).toBe(0);
}

describe('what a worker left', () => {
  const checkpoints = (): string => join(bench.dir, 'checkpoints.jsonl');

  it('is complete, fits the raw topic and the committed positions, and is signed from checkpoint to checkpoint', async () => {
    await work(200);
    const first = await verify('--against-raw', '--checkpoints', checkpoints(), '--sign');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/raw\.verify\/1 {2}offsets 0–199 {2}200 records in \d+ segments/);
    expect(first.stdout).toMatch(/compared offsets 0–199, 200 records; holds 0–199; not decided about yet: 0 offsets/);
    expect(first.stdout).toContain('signed checkpoint 1 ');

    await work(100);
    const second = await verify('--against-raw', '--checkpoints', checkpoints(), '--sign', '--format', 'json');
    expect(second.code).toBe(0);
    const report = JSON.parse(second.stdout);
    expect(report).toMatchObject({
      ok: true,
      records: 200,
      checkpoint: { number: 1, resumed: true },
      signed: { number: 2 },
    });
    expect(report.chains).toMatchObject([
      { partition: 0, records: 300, lastOffset: 299, raw: { from: 200, to: 300, records: 100 } },
      { partition: 1, records: 300, lastOffset: 299, raw: { from: 200, to: 300, records: 100 } },
    ]);
    expect(walk(await segmentsOf(brokers, RAW)).faults).toEqual([]);
  });

  it('exported, is verified without Kafka', async () => {
    const file = join(bench.dir, 'audit.jsonl');
    expect((await verify('--export', file)).code).toBe(0);
    const pem = join(bench.dir, 'checkpoint.pem');
    writeFileSync(pem, await lethe(['keys', 'public'], bench.env));
    const flags = ['verify', '--in', file, '--checkpoints', checkpoints(), '--public-key', pem];
    expect(await command(flags, {})).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength((await segmentsOf(brokers, RAW)).length);
  });

  const codec = makeSegmentCodec();
  const decoded = ({ value }: Seen): AuditSegment => {
    const read = codec.decode(value ?? Buffer.alloc(0));
    if (!read.ok) throw new Error(read.problem);
    return read.value;
  };
  const messageOf = ({ key, value }: Seen): RawMessage => ({ partition: 0, key: key?.toString() ?? null, value });

  it.each<[string, (records: Seen[]) => Seen[], string[]]>([
    ['nothing', (records) => records, []],
    ['a byte', (records) => records.with(3, { ...records[3]!, value: flipped(records[3]!.value) }), ['altered']],
    ['the end', (records) => records.slice(0, -1), ['truncated']],
  ])('copied with %s changed', async (name, tamper, expected) => {
    const topic = `audit.copy.${name.replaceAll(' ', '-')}`;
    await createTopics(bench.admin, [topic], 1);
    // One partition's chain, then the other's, so that neighbours belong together.
    const records = (await topicHolds(brokers, 'lethe.audit')).toSorted(
      (a, b) =>
        Number(a.key?.toString().at(-1)) - Number(b.key?.toString().at(-1)) ||
        a.partition - b.partition ||
        a.offset - b.offset,
    );
    expect(records.length).toBeGreaterThan(6);
    await produce(bench.kafka, topic, tamper(records).map(messageOf));
    const run = await verify('--audit-topic', topic, '--checkpoints', checkpoints());
    expect({ kinds: kinds(run), code: run.code }).toEqual({ kinds: expected, code: expected.length > 0 ? 1 : 0 });
    if (expected.length > 0) expect(run.stdout).toContain('raw.verify/');
  });

  it('and a well-made segment put in behind it, which no worker committed', async () => {
    const last = (await topicHolds(brokers, 'lethe.audit')).findLast(({ key }) => key?.toString() === `${RAW}/0`)!;
    const { hash: previous, ...content } = decoded(last);
    const next = { ...content, firstOffset: content.lastOffset + 1, lastOffset: content.lastOffset + 5, previous };
    const forged = { ...next, records: [{ skip: 0, count: 5, shape: 0 }] };
    const value = Buffer.from(codec.encode({ ...forged, hash: recomputeHash(forged, sha256Hex) }));
    await produce(bench.kafka, 'lethe.audit', [{ partition: last.partition, key: `${RAW}/0`, value }]);
    expect((await verify('--checkpoints', checkpoints())).code).toBe(0);
    const run = await verify('--checkpoints', checkpoints(), '--against-raw');
    expect({ kinds: kinds(run).sort(), code: run.code }).toEqual({
      kinds: ['position_differs', 'raw_shorter'],
      code: 1,
    });
  });

  it('and a second consumer group, which decides about everything again', async () => {
    await work(0, { LETHE_GROUP_ID: `second-${process.pid}` }, produced * 4 + 5);
    const run = await verify();
    expect(run.code).toBe(1);
    expect(kinds(run)).toEqual(['second_chain', 'second_chain']);
    expect(run.stdout).toContain('another consumer group (LETHE_GROUP_ID)');
  });
});

/** One bit of the hash at the end, which decodes whatever it is. */
function flipped(value: Buffer | null): Buffer {
  const bytes = Buffer.from(value ?? Buffer.alloc(0));
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}
