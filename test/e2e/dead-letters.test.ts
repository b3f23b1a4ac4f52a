/**
 * Dead letters of a running worker, replayed through another bundle: once, whatever is killed or run twice. kcat is the
 * referee of what was published.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { segmentLine } from '../../services/core/audit/segment.ts';
import { command, until } from '../stack/commands.ts';
import { kcat, needKcat, produceLines, type Seen, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, FIELDS, outputsOf, type SmallRoute, writeConfig } from '../stack/small-config.ts';
import { segmentsOf, walk } from '../stack/trail.ts';
import { isReady, setUp, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
const brokers = stack.kafka;
const REDIS_URL = new URL('/8', stack.redis).href;
/** Topics of this run: the broker may be shared. */
const RUN = `dl${Date.now().toString(36)}`;
const SINCE = new Date().toISOString();
const JSON_ROUTE = `${RUN}-json`;
const AVRO_ROUTE = `${RUN}-avro`;
const BULK_ROUTE = `${RUN}-bulk`;

/** A time, a subject and an e-mail that the first bundle cannot do without; the second one can, but for the subject. */
const LENIENT_FIELDS = FIELDS.replace('time: at\n', '');
const strict = (name: string, format: 'json' | 'avro' = 'json'): SmallRoute => ({ name, format });
const lenient = (name: string, format: 'json' | 'avro' = 'json'): SmallRoute => ({
  name,
  format,
  body: LENIENT_FIELDS + outputsOf(name).replace('action: mask, mask: email', 'action: redact'),
});

let bench: Workbench;
let worker: RunningWorker;

const push = (routes: readonly SmallRoute[]): Promise<string> =>
  lethe(['push', writeConfig(join(bench.dir, 'config'), routes)], bench.env);
const letters = (args: readonly string[], env: Record<string, string> = {}) =>
  command(['dead-letters', ...args], { ...bench.env, ...env }, 60_000);
const lettersOf = async (name: string): Promise<Seen[]> =>
  (await topicHolds(brokers, 'lethe.dead-letters')).filter(({ source }) => source.startsWith(`raw.${name}/`));
const published = (name: string): Promise<Seen[]> => topicHolds(brokers, `clean.${name}.a`);
const sources = (seen: readonly Seen[]): string[] => seen.map(({ source }) => source).sort();
const replayed = async (name: string, args: readonly string[] = []): Promise<Record<string, unknown>> => {
  const end = await letters(['replay', '--topic', `raw.${name}`, '--format', 'json', ...args]);
  if (end.stdout === '') throw new Error(end.stderr);
  return JSON.parse(end.stdout) as Record<string, unknown>;
};

/** All promises of a replay at once: each source once in each output, on its partition, and a chain that holds. */
async function expectOnce(name: string, count: number): Promise<void> {
  for (const output of ['a', 'f']) {
    const seen = await topicHolds(brokers, `clean.${name}.${output}`);
    expect(new Set(sources(seen)).size).toBe(count);
    expect(seen).toHaveLength(count);
    for (const { source, partition } of seen) expect(source.split('/')[1]).toBe(String(partition));
  }
  expect(walk(await segmentsOf(brokers, `raw.${name}`)).faults).toEqual([]);
  const chain = walkReplays(await segmentsOf(brokers, `lethe.dead-letters/raw.${name}`));
  expect(chain.faults).toEqual([]);
  expect(chain.offsets).toHaveLength(count);
}

/** The chain of replays of each raw partition: linked, hashes right, no raw record twice (services/DECISIONS.md). */
function walkReplays(segments: Awaited<ReturnType<typeof segmentsOf>>): { faults: string[]; offsets: string[] } {
  // Ranges of a worker's chain join; here they do not, so each segment is walked as if it came first.
  const faults: string[] = [];
  const heads = new Map<number, string>();
  const offsets: string[] = [];
  for (const segment of segments) {
    const { partition, previous, hash } = segment;
    if (previous !== (heads.get(partition) ?? '0'.repeat(64))) faults.push(`${partition}: a link is missing`);
    heads.set(partition, hash);
    const alone = walk([segment]);
    faults.push(...alone.faults.filter((fault) => fault.includes('another hash')));
    for (const [at, { shape }] of alone.decisions) {
      if (shape.deadLetter !== null) faults.push(`${at}: dead again`);
      offsets.push(at);
    }
  }
  if (new Set(offsets).size !== offsets.length) faults.push('a record was replayed twice');
  return { faults, offsets };
}

beforeAll(async () => {
  await needKcat();
  const redis = new Redis(REDIS_URL);
  await redis.flushdb();
  redis.disconnect();
  bench = await setUp({ ...stack.env, REDIS_URL });
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, [0, 1, 2, 3].map((subject) => `${consent(subject, 'granted')}\n`).join(''));
  await lethe(['consent', 'import', consents], bench.env);
  await createTopics(bench.admin, [`raw.${JSON_ROUTE}`, `raw.${BULK_ROUTE}`], 2);
  await createTopics(bench.admin, [`raw.${AVRO_ROUTE}`], 1);
  await push([strict(JSON_ROUTE), strict(AVRO_ROUTE, 'avro'), strict(BULK_ROUTE)]);
  worker = await bench.worker();
  await isReady(worker);
});
afterAll(() => bench?.end());

describe('dead letters', () => {
  const bad = {
    time: '{"id":1,"s":"c-1","at":"not-a-time-canary","e":"user1@example.com","v":"x"}',
    email: event(2, 2).replace('user2@example.com', 'no-at-sign-canary'),
    subject: '{"id":3,"at":1748736000000,"e":"user1@example.com"}',
    broken: '{"id":4,"s":"c-1"',
    withheld: '{"id":5,"s":"c-nobody","at":"x","e":"user5@example.com","v":"x"}',
  };
  const avroSchema = JSON.stringify({
    type: 'record',
    name: 'Later',
    fields: [
      { name: 'id', type: 'int' },
      { name: 's', type: 'string' },
      { name: 'at', type: 'long' },
      { name: 'e', type: 'string' },
      { name: 'v', type: 'string' },
    ],
  });

  it('are made by a worker, and listed without a key', async () => {
    await produceLines(brokers, `raw.${JSON_ROUTE}`, 0, [event(0, 1), bad.time, bad.email, bad.subject]);
    await produceLines(brokers, `raw.${JSON_ROUTE}`, 1, [bad.broken, bad.withheld, event(6, 2)]);
    // Under another subject the schema has an id, but it is none of the route's.
    const registry = makeRegistry({ url: stack.registry, user: null, password: null });
    const id = await registry.register(`${RUN}-elsewhere-value`, avroSchema);
    const value = avroWire(avroSchema, id).encode({
      id: 9,
      s: 'c-3',
      at: 1748736000000,
      e: 'user3@example.com',
      v: 'x',
    });
    await produce(bench.kafka, `raw.${AVRO_ROUTE}`, [{ partition: 0, key: null, value }]);
    await until(
      'the letters',
      async () => (await lettersOf(JSON_ROUTE)).length === 5 && (await lettersOf(AVRO_ROUTE)).length === 1,
    );

    const { LETHE_KEYS_FILE: _, ...keyless } = bench.env;
    const end = await command(
      ['dead-letters', 'list', '--route', JSON_ROUTE, '--since', SINCE, '--format', 'json'],
      keyless,
    );
    expect([end.code, end.stderr]).toEqual([0, '']);
    const { letters: listed, counts } = JSON.parse(end.stdout);
    expect(
      listed.map((one: { source: string; code: string; path: string; status: string; key: number }) => [
        one.source,
        one.code,
        one.path,
        one.status,
        one.key,
      ]),
    ).toEqual(
      [
        [`raw.${JSON_ROUTE}/0/1`, 'time_invalid', 'at', 'open', 1],
        [`raw.${JSON_ROUTE}/0/2`, 'action_failed', 'e', 'open', 1],
        [`raw.${JSON_ROUTE}/0/3`, 'subject_missing', 's', 'open', 1],
        [`raw.${JSON_ROUTE}/1/0`, 'undecodable', null, 'open', 1],
        [`raw.${JSON_ROUTE}/1/1`, 'time_invalid', 'at', 'open', 1],
      ].sort((a, b) => partitionOf(a) - partitionOf(b)),
    );
    expect(counts).toContainEqual({
      route: JSON_ROUTE,
      topic: `raw.${JSON_ROUTE}`,
      code: 'time_invalid',
      open: 2,
      replayed: 0,
    });
    expect(end.stdout).not.toMatch(/canary|c-1|example\.com/);

    /** Letters are listed by their own partition. */
    function partitionOf([source]: readonly unknown[]): number {
      return listed.findIndex((one: { source: string }) => one.source === source);
    }
  });

  it('are shown to whoever has the key, rotated or not, and to nobody else', async () => {
    const shown = await letters(['show', `raw.${JSON_ROUTE}/0/2`]);
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toContain('"e": "no-at-sign-canary"');
    const raw = await letters(['show', `raw.${JSON_ROUTE}/1/0`, '--raw']);
    expect(raw.stdout).toBe(bad.broken);

    const keys = JSON.parse(readFileSync(bench.env['LETHE_KEYS_FILE'] ?? '', 'utf8')) as Record<string, string>;
    const rotated = join(bench.dir, 'rotated.json');
    writeFileSync(rotated, JSON.stringify({ ...keys, 'dead_letter@2': keys['subject'] }));
    expect((await letters(['show', `raw.${JSON_ROUTE}/0/1`, '--keys', rotated])).stdout).toContain('not-a-time-canary');

    const newOnly = join(bench.dir, 'new-only.json');
    const { dead_letter: _, ...others } = keys;
    writeFileSync(newOnly, JSON.stringify({ ...others, 'dead_letter@2': keys['subject'] }));
    const lacking = await letters(['show', `raw.${JSON_ROUTE}/0/1`, '--keys', newOnly]);
    expect([lacking.code, lacking.stdout]).toEqual([78, '']);
    expect(lacking.stderr).toContain('version 1 of the key "dead_letter"');
  });

  it('go out once through the bundle of now, under their own coordinates; what fails again stays open', async () => {
    const before = sources(await published(JSON_ROUTE));
    expect(before).toEqual([`raw.${JSON_ROUTE}/0/0`, `raw.${JSON_ROUTE}/1/2`]);
    await push([lenient(JSON_ROUTE), lenient(AVRO_ROUTE, 'avro'), strict(BULK_ROUTE)]);

    expect(await replayed(JSON_ROUTE, ['--dry-run'])).toMatchObject({ dryRun: true, replayed: 3 });
    expect(sources(await published(JSON_ROUTE))).toEqual(before);

    expect(await replayed(JSON_ROUTE)).toEqual({
      dryRun: false,
      letters: 5,
      replayed: 3,
      alreadyReplayed: 0,
      outputs: {
        [`clean.${JSON_ROUTE}.a`]: { published: 2, withheld: { consent_missing: 1 } },
        [`clean.${JSON_ROUTE}.f`]: { published: 3, withheld: {} },
      },
      failedAgain: { subject_missing: 1, undecodable: 1 },
      left: {},
    });
    const after = await published(JSON_ROUTE);
    expect(sources(after)).toEqual([...before, `raw.${JSON_ROUTE}/0/1`, `raw.${JSON_ROUTE}/0/2`].sort());
    const late = after.find(({ source }) => source === `raw.${JSON_ROUTE}/0/2`);
    expect([late?.partition, JSON.parse(late?.value?.toString() ?? '')]).toMatchObject([0, { id: 2, e: '[redacted]' }]);
    const same = after.find(({ source }) => source === `raw.${JSON_ROUTE}/1/2`);
    expect(late?.key).toEqual(same?.key);

    expect(await replayed(JSON_ROUTE)).toMatchObject({ letters: 5, replayed: 0, alreadyReplayed: 3, outputs: {} });
    expect(await published(JSON_ROUTE)).toHaveLength(4);
    // Not dead-lettered a second time.
    expect(await lettersOf(JSON_ROUTE)).toHaveLength(5);
    const listed = JSON.parse((await letters(['list', '--topic', `raw.${JSON_ROUTE}`, '--format', 'json'])).stdout);
    expect(
      listed.letters
        .filter((one: { status: string }) => one.status === 'open')
        .map((one: { code: string }) => one.code)
        .sort(),
    ).toEqual(['subject_missing', 'undecodable']);
    const { offsets, faults } = walkReplays(await segmentsOf(brokers, `lethe.dead-letters/raw.${JSON_ROUTE}`));
    expect([offsets.length, faults]).toEqual([3, []]);
    // Beside the worker's own chain, which says that they were dead letters.
    const trail = join(bench.dir, 'audit.jsonl');
    const segments = [`raw.${JSON_ROUTE}`, `lethe.dead-letters/raw.${JSON_ROUTE}`].map((topic) =>
      segmentsOf(brokers, topic),
    );
    writeFileSync(
      trail,
      (await Promise.all(segments))
        .flat()
        .map((one) => `${segmentLine(one)}\n`)
        .join(''),
    );
    expect((await command(['verify', '--in', trail], bench.env)).code).toBe(0);
  });

  it('of an unknown schema go out once the schema is known', async () => {
    expect(await replayed(AVRO_ROUTE)).toMatchObject({ replayed: 0, failedAgain: { schema_unknown: 1 } });
    const registry = makeRegistry({ url: stack.registry, user: null, password: null });
    await registry.register(`raw.${AVRO_ROUTE}-value`, avroSchema);
    const shown = await letters(['show', `raw.${AVRO_ROUTE}/0/0`]);
    expect(shown.stdout).toContain('"e": "user3@example.com"');
    expect(await replayed(AVRO_ROUTE)).toMatchObject({ replayed: 1, failedAgain: {} });
    expect(sources(await published(AVRO_ROUTE))).toEqual([`raw.${AVRO_ROUTE}/0/0`]);
  });

  it('tells who altered one, and what no worker wrote', async () => {
    const [letter] = await lettersOf(JSON_ROUTE);
    const forged = JSON.parse(letter?.value?.toString() ?? '') as { source: string };
    const source = `raw.${RUN}-forged/0/0`;
    const texts = [JSON.stringify({ ...forged, source }), '{"code":"undecodable","sou'];
    await kcat(
      ['-P', '-b', brokers, '-t', 'lethe.dead-letters', '-p', '0', '-H', `lethe-source=${source}`],
      `${texts.join('\n')}\n`,
    );
    const shown = await letters(['show', source]);
    expect([shown.code, shown.stdout]).toEqual([1, '']);
    expect(shown.stderr).toMatch(/does not open: it or its coordinates were altered/);
    const listed = await letters(['list', '--topic', `raw.${RUN}-forged`]);
    expect(listed.code).toBe(1);
    expect(listed.stderr).toContain('no dead letters of Lethe');
  });
});

describe('a replay that is not left alone', () => {
  const COUNT = 12_000;
  const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));

  const startReplay = (): {
    kill: () => void;
    isOver: () => boolean;
    end: Promise<{ code: number | null; said: string }>;
  } => {
    const child = spawn(process.execPath, [CLI, 'dead-letters', 'replay', '--route', BULK_ROUTE, '--since', since], {
      env: { PATH: process.env['PATH'] ?? '', ...bench.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return {
      kill: () => void child.kill('SIGKILL'),
      isOver: () => child.exitCode !== null,
      end: new Promise((resolve) => child.once('close', (code) => resolve({ code, said }))),
    };
  };
  const walkedRaw = async (): Promise<number> => walk(await segmentsOf(brokers, `raw.${BULK_ROUTE}`)).decisions.size;
  const ends = async (): Promise<number> =>
    (await bench.admin.fetchTopicOffsets(`clean.${BULK_ROUTE}.a`)).reduce((sum, { high }) => sum + Number(high), 0);

  /** Behind what the tests before have left on the topic. */
  let since = '';

  beforeAll(async () => {
    since = new Date().toISOString();
    for (const partition of [0, 1]) {
      const lines = Array.from({ length: COUNT / 2 }, (_, id) => event(id, id % 4).replace(`@example`, ' at example'));
      await produceLines(brokers, `raw.${BULK_ROUTE}`, partition, lines);
    }
    await until('the letters', async () => (await walkedRaw()) === COUNT, 60_000);
    await push([lenient(BULK_ROUTE)]);
  });

  it('loses and doubles nothing, killed again and again and run twice at once', async () => {
    const random = seeded(7);
    for (let kill = 0; kill < 3; kill++) {
      const from = await ends();
      const replay = startReplay();
      // In the middle of publishing: some of it is out, and more is on its way.
      await until('something is published', async () => (await ends()) > from || replay.isOver());
      await sleep(random() * 60);
      replay.kill();
      await replay.end;
    }
    const before = await ends();
    expect(before).toBeGreaterThan(0);
    expect(new Set(sources(await published(BULK_ROUTE))).size).toBeLessThan(COUNT);

    const first = startReplay();
    await until('the first one publishes', async () => (await ends()) > before || first.isOver());
    const second = startReplay();
    expect(await second.end).toEqual({ code: 0, said: '' });
    // Fenced, or done before the second one began.
    const { code, said } = await first.end;
    expect([code, said]).toEqual(code === 0 ? [0, ''] : [69, expect.stringContaining('took over')]);
    expect(await replayed(BULK_ROUTE)).toMatchObject({ replayed: 0, alreadyReplayed: COUNT });
    await expectOnce(BULK_ROUTE, COUNT);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
