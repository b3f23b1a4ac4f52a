/**
 * Issue 5: Redis is emptied, restored from an old snapshot, failed over to a replica that lags, and the projector killed
 * with -9 again and again. Nothing comes out on a consent whose withdrawal was acknowledged, and no event is lost.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import type { Part } from '../../deploy/local/part.ts';
import { redisSays, startRedis } from '../../deploy/local/redis.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeSubjectTokens } from '../../services/adapters/crypto/keyring.ts';
import { readKeys } from '../../services/adapters/crypto/keys.ts';
import { connectRedis } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, topicHolds } from '../stack/kcat.ts';
import { consent, event, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { isReady, setUp, status, total, type Workbench } from '../stack/workbench.ts';

const STALE = 'PT3S';
const BACK_WITHIN_MS = 20_000;
const PARTITIONS = 2;

let stack: Stack<'kafka' | 'redis'>;
let runDir: RunDir;
let replica: Part;
let front: Front;
let bench: Workbench;
let config: string;
let worker: RunningWorker;
let control: RunningWorker;
let made = 0;
let files = 0;

type Front = { readonly endpoint: string; to: (port: number) => void; close: () => void };

/** One address for whichever Redis is the primary, as a service has it. */
async function makeFront(port: number): Promise<Front> {
  let target = port;
  const sockets = new Set<Socket>();
  const server: Server = createServer((incoming) => {
    const outgoing = connect({ host: '127.0.0.1', port: target });
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: listening } = server.address() as { port: number };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `redis://127.0.0.1:${listening}`,
    to: (next) => {
      target = next;
      cut();
    },
    close: () => {
      cut();
      server.close();
    },
  };
}

const portOf = ({ endpoint }: Part): number => Number(new URL(endpoint).port);
const redisDo = (part: Part, command: string): Promise<string> => redisSays(portOf(part), command);

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'], env: {}, docker: 'never', log: () => undefined });
  runDir = createRunDir();
  replica = await startRedis(runDir, () => undefined);
  front = await makeFront(portOf(stack.redis));
  bench = await setUp({
    ...stack.env,
    REDIS_URL: front.endpoint,
    LETHE_CONSENT_MAX_STALENESS: STALE,
    LETHE_SESSION_TIMEOUT: 'PT10S',
  });
  await createTopics(bench.admin, ['raw.v'], PARTITIONS);
  config = writeConfig(join(bench.dir, 'config'), [{ name: 'v', body: FIELDS + outputsOf('v') }]);
  await lethe(['push', config], bench.env);
  control = await bench.control();
  await isReady(control);
  worker = await bench.worker();
  await isReady(worker);
});

afterAll(async () => {
  front?.close();
  await bench?.end();
  runDir?.remove();
  await stack?.stop();
});

/** Returns once the view holds the events: they are acknowledged. */
async function say(...lines: readonly string[]): Promise<void> {
  const file = join(bench.dir, `consents-${files++}.jsonl`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  await lethe(['consent', 'import', file], bench.env);
}

/** A record of each subject in each partition; returns the ids of each subject's. */
async function produceFor(...subjects: readonly string[]): Promise<Record<string, number[]>> {
  const ids: Record<string, number[]> = {};
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const lines = subjects.map((subject) => {
      (ids[subject] ??= []).push(made);
      return event(made++, subject);
    });
    await produceLines(stack.kafka.endpoint, 'raw.v', partition, lines);
  }
  return ids;
}

async function publishedIds(output: 'a' | 'f'): Promise<Set<number>> {
  const seen = await topicHolds(stack.kafka.endpoint, `clean.v.${output}`);
  return new Set(seen.map(({ value }) => (JSON.parse(String(value ?? '{}')) as { id: number }).id));
}

const allPublished = (ids: readonly number[], output: 'a' | 'f' = 'a'): Promise<true> =>
  until(
    `records ${ids.join()} come out`,
    async () => {
      const out = await publishedIds(output);
      return ids.every((id) => out.has(id)) || null;
    },
    BACK_WITHIN_MS,
  );

async function nonePublished(ids: readonly number[], output: 'a' | 'f'): Promise<void> {
  const out = await publishedIds(output);
  expect(ids.filter((id) => out.has(id))).toEqual([]);
}

/** Events of a subject in the view that workers read. */
async function held(subject: string): Promise<{ decision: string; version: number }[]> {
  const client = connectRedis({ url: front.endpoint });
  try {
    const tokens = makeSubjectTokens(readKeys(bench.env['LETHE_KEYS_FILE']!))(`c-${subject}`);
    const { events } = await makeRedisConsentStore(client).load(tokens);
    return tokens.flatMap((token) => events.get(token) ?? []).sort((one, other) => one.at - other.at);
  } finally {
    await client.close();
  }
}

describe('a consent view that fails', () => {
  it('is emptied: nothing comes out for who withdrew or objected, and the rest goes on once it is whole', async () => {
    await say(
      consent('stays', 'granted'),
      consent('leaves', 'granted'),
      consent('objects', 'granted'),
      consent('leaves', 'withdrawn', '*', '2025-02-01T00:00:00Z'),
      consent('objects', 'objected', 'fraud', '2025-02-01T00:00:00Z'),
    );
    await allPublished((await produceFor('stays'))['stays']!);
    await redisDo(stack.redis, 'FLUSHALL');
    // The moment that would hurt most: a bundle is there again, the consents are not.
    await lethe(['push', config], bench.env);
    const ids = await produceFor('leaves', 'objects', 'stays');
    await allPublished(ids['stays']!);
    await allPublished(ids['stays']!, 'f');
    await nonePublished(ids['leaves']!, 'a');
    await nonePublished(ids['objects']!, 'f');
    expect((await held('leaves')).map(({ decision }) => decision)).toEqual(['granted', 'withdrawn']);
  });

  it('stays shut while nobody projects, even where a bundle was pushed; a rebuild opens it', async () => {
    await control.kill();
    await redisDo(stack.redis, 'FLUSHALL');
    await lethe(['push', config], bench.env);
    const ids = await produceFor('objects', 'stays');
    await until('both partitions wait for the view', async () => {
      return (await total(worker, 'lethe_paused_partitions', 'cause="consent_view"')) === PARTITIONS || null;
    });
    for (const output of ['a', 'f'] as const) {
      await nonePublished([...ids['objects']!, ...ids['stays']!], output);
    }
    const said = await lethe(['consent', 'rebuild'], bench.env);
    expect((JSON.parse(said) as { rebuilt: number }).rebuilt).toBeGreaterThanOrEqual(5);
    control = await bench.control();
    await allPublished(ids['stays']!);
    await nonePublished(ids['objects']!, 'f');
  });

  it('grows old while nobody projects: the stream pauses, and goes on by itself', async () => {
    await control.stop();
    await sleep(3_500);
    const ids = await produceFor('stays');
    await sleep(1_500);
    await nonePublished(ids['stays']!, 'a');
    control = await bench.control();
    await allPublished(ids['stays']!);
  });

  it('is restored from a snapshot of before a withdrawal', async () => {
    await say(consent('later', 'granted'));
    await allPublished((await produceFor('later'))['later']!);
    const snapshot = join(runDir.path, 'snapshot');
    cpSync(stack.redis.dataDir!, snapshot, { recursive: true });
    await say(consent('later', 'withdrawn', '*', '2025-03-01T00:00:00Z'));
    // One partition alone is decided about under the new view.
    await produceLines(stack.kafka.endpoint, 'raw.v', 0, [event(made++, 'stays')]);
    await allPublished([made - 1]);
    await stack.redis.kill();
    rmSync(stack.redis.dataDir!, { recursive: true });
    mkdirSync(stack.redis.dataDir!);
    cpSync(snapshot, stack.redis.dataDir!, { recursive: true });
    await stack.redis.start();
    const ids = await produceFor('later', 'stays');
    await allPublished(ids['stays']!);
    await nonePublished(ids['later']!, 'a');
    expect((await held('later')).map(({ decision }) => decision)).toEqual(['granted', 'withdrawn']);
  });

  it('fails over to a replica that lags', async () => {
    await say(consent('moves', 'granted'));
    await redisDo(replica, `REPLICAOF 127.0.0.1 ${portOf(stack.redis)}`);
    await until(
      'the replica has all',
      async () =>
        (await redisDo(replica, 'GET lethe:consent:watermark')) ===
        (await redisDo(stack.redis, 'GET lethe:consent:watermark')),
    );
    await replica.pause!();
    await say(consent('moves', 'withdrawn', '*', '2025-03-01T00:00:00Z'));
    await produceLines(stack.kafka.endpoint, 'raw.v', 0, [event(made++, 'stays')]);
    await allPublished([made - 1]);
    await stack.redis.kill();
    await replica.resume!();
    await redisDo(replica, 'REPLICAOF NO ONE');
    front.to(portOf(replica));
    const ids = await produceFor('moves', 'stays');
    await allPublished(ids['stays']!);
    await nonePublished(ids['moves']!, 'a');
    expect((await held('moves')).map(({ decision }) => decision)).toEqual(['granted', 'withdrawn']);
  });
});

it('loses and doubles no event, however often the projector is killed', async () => {
  const subjects = Array.from({ length: 40 }, (_, index) => `k${index}`);
  let imported = false;
  // Straight into the feed: the import writes to a Redis of its own, so that only the projector fills the view.
  const elsewhere = await startRedis(createRunDir(), () => undefined);
  const file = join(bench.dir, 'many.jsonl');
  const lines = Array.from({ length: 3_000 }, (_, index) =>
    consent(subjects[index % subjects.length]!, index % 3 === 0 ? 'withdrawn' : 'granted', `p${index}`),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  const importing = lethe(['consent', 'import', file], { ...bench.env, REDIS_URL: elsewhere.endpoint }).then(() => {
    imported = true;
  });
  for (let kills = 0; kills < 4; kills++) {
    await control.kill();
    control = await bench.control();
    await sleep(500 + 150 * kills);
  }
  await importing;
  expect(imported).toBe(true);
  await elsewhere.stop!();
  await until('the view is whole', async () => (await status(control, '/readyz')) === 200 || null, BACK_WITHIN_MS);
  const versions = new Set<string>();
  for (const [index, subject] of subjects.entries()) {
    const events = await held(subject);
    expect(events).toHaveLength(lines.length / subjects.length);
    for (const { version } of events) versions.add(`${index} ${version}`);
  }
  expect(versions.size).toBe(lines.length);
});
