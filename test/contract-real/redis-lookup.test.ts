import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Part } from '../../deploy/local/part.ts';
import { startRedis } from '../../deploy/local/redis.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { digestFiles } from '../../services/adapters/config/digest.ts';
import { makeRedisBundleStore } from '../../services/adapters/redis/bundle-store.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import type { ConsentStore } from '../../services/core/ports.ts';
import { event, newToken } from '../contract/consent-store.ts';

let runDir: RunDir;
let server: Part;
let raw: Redis;
let client: RedisClient;
let consents: ConsentStore;
const lookups: [string, number][] = [];
const observed: [string, number][] = [];

beforeAll(async () => {
  runDir = createRunDir();
  server = await startRedis(runDir, () => {});
  raw = new Redis(server.endpoint);
});

afterAll(() => {
  raw.disconnect();
  runDir.remove();
});

beforeEach(async () => {
  await raw.flushall();
  lookups.length = 0;
  observed.length = 0;
  client = connectRedis({ url: server.endpoint, observe: (command, seconds) => observed.push([command, seconds]) });
  consents = makeRedisConsentStore(client, { lookups: (result, count) => lookups.push([result, count]) });
  await consents.load([]);
});

afterEach(() => client.close());

/** Commands that the server has processed, by name. */
async function commandCounts(): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const [, name, calls] of (await raw.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    counts.set(name as string, Number(calls));
  }
  return counts;
}

async function connectionsMade(): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await raw.info('stats'))?.[1]);
}

const consentKey = (token: string): string => `lethe:consent:{${token}}`;

describe('a look-up', () => {
  it.each([0, 1, 10_000])('of %i subjects is one MGET, with its ECHO behind it in the same breath', async (count) => {
    const tokens = Array.from({ length: count }, newToken);
    await consents.add(tokens.map((token, version) => ({ token, event: event(version) })));
    const before = await commandCounts();
    expect((await consents.load(tokens)).events.size).toBe(count);
    const after = await commandCounts();
    const used = [...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const);
    expect(new Map(used.filter(([name, calls]) => calls > 0 && name !== 'info'))).toEqual(
      new Map([
        ['mget', 1],
        ['echo', 1],
      ]),
    );
  });

  it('reports what it found, what not, and how long it took', async () => {
    const token = newToken();
    await consents.add([{ token, event: event(1) }]);
    lookups.length = 0;
    observed.length = 0;
    await consents.load([token, newToken(), newToken()]);
    expect(lookups).toEqual([
      ['found', 1],
      ['absent', 2],
    ]);
    expect(observed).toEqual([['mget', expect.any(Number)]]);
    expect(observed[0]?.[1]).toBeGreaterThan(0);
    expect(observed[0]?.[1]).toBeLessThan(2);
  });
});

describe('an entry that names another subject', () => {
  it('fails the load, is asked for once more on a new connection, and then blamed on the store', async () => {
    const [mine, theirs] = [newToken(), newToken()];
    await consents.add([{ token: theirs, event: event(1) }]);
    await raw.set(consentKey(mine), (await raw.get(consentKey(theirs))) as string);
    const before = await connectionsMade();
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(consents.load([theirs, mine])).rejects.toMatchObject({
        code: 'unavailable',
        retryable: true,
        message: expect.stringContaining(consentKey(mine)),
      });
    }
    expect((await connectionsMade()) - before).toBe(1);
    expect((await consents.load([theirs])).events.size).toBe(1);
    expect(lookups.filter(([result]) => result === 'failed')).toHaveLength(3);
  });

  it('is not written to', async () => {
    const [mine, theirs] = [newToken(), newToken()];
    await consents.add([{ token: theirs, event: event(1) }]);
    const entry = (await raw.get(consentKey(theirs))) as string;
    await raw.set(consentKey(mine), entry);
    const added = consents.add([newToken(), mine].map((token) => ({ token, event: event(2) })));
    await expect(added).rejects.toMatchObject({ code: 'unavailable' });
    expect(await raw.get(consentKey(mine))).toBe(entry);
  });

  it('is found out even where it begins like the one asked for', async () => {
    const mine = newToken();
    await raw.set(consentKey(mine), `${mine}x`);
    await expect(consents.load([mine])).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a reply that belongs to another question', () => {
  it('is noticed even where it looks right and holds nothing, and a new connection heals it', async () => {
    const token = newToken();
    await consents.add([{ token, event: event(1, { decision: 'objected' }) }]);
    // What ioredis #965 and #1925 came to: a command's place in the queue is lost and its reply goes to the next one.
    // Here that is the reply to a look-up of as many keys, all of them absent.
    await client.run('misroute', async (redis) => {
      const { commandQueue } = redis as unknown as { commandQueue: { pop: () => unknown } };
      void (redis as Redis).mget('absent-1', 'absent-2', 'absent-3').catch(() => {});
      commandQueue.pop();
    });
    await expect(consents.load([token])).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    expect((await consents.load([token])).events.get(token)).toHaveLength(1);
  });
});

describe('an entry that cannot be read', () => {
  const good = JSON.stringify({ ...event(1), version: undefined });
  it.each([
    ['empty', () => ''],
    ['no JSON', (token: string) => `${token}\n1\t{`],
    ['no event', (token: string) => `${token}\n1\t{}`],
    ['no version', (token: string) => `${token}\n\t${good}`],
    ['a version that is no number', (token: string) => `${token}\n1x\t${good}`],
    ['a version beyond what numbers hold', (token: string) => `${token}\n9007199254740993\t${good}`],
    ['no tab', (token: string) => `${token}\n1 ${good}`],
    ['an empty line', (token: string) => `${token}\n1\t${good}\n`],
    ['an unknown decision', (token: string) => `${token}\n1\t${good.replace('granted', 'allowed')}`],
    ['a time that is text', (token: string) => `${token}\n1\t${good.replace(/"at":\d+/, '"at":"2026"')}`],
    ['recipients that are text', (token: string) => `${token}\n1\t${good.replace('["acme"]', '"acme"')}`],
    ['a list', (token: string) => `${token}\n1\t[]`],
  ])('(%s) fails the load: nobody is taken for one who said nothing', async (_, entry) => {
    const token = newToken();
    await raw.set(consentKey(token), entry(token));
    const failed = await consents.load([token]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'unavailable', message: expect.stringContaining(consentKey(token)) });
    expect(String(failed)).not.toContain('acme');
    await raw.set(consentKey(token), `${token}\n1\t${good}`);
    expect((await consents.load([token])).events.get(token)).toEqual([event(1)]);
  });

  it.each(['', '{', '[]', '{"at":"now","offsets":{}}', '{"at":1,"offsets":{"0":1}}', '{"at":1}'])(
    'fails the load where it is the watermark: %j',
    async (text) => {
      await raw.set('lethe:consent:watermark', text);
      await expect(consents.load([])).rejects.toMatchObject({ code: 'unavailable' });
    },
  );
});

describe('a stored bundle', () => {
  it.each([
    ['other files', '{"files":{"purposes.yaml":"purposes: { all: {} }"}}'],
    ['no files', '{}'],
    ['no JSON', '{'],
    ['a file that is no text', '{"files":{"purposes.yaml":1}}'],
  ])('with %s is refused', async (_, text) => {
    const bundles = makeRedisBundleStore(client, digestFiles);
    const files = { 'purposes.yaml': 'purposes: {}' };
    const digest = digestFiles(files);
    await bundles.activate({ digest, files });
    await raw.set(`lethe:bundle:${digest}`, text);
    await expect(bundles.read(digest)).rejects.toMatchObject({ code: 'invalid_config' });
  });
});
