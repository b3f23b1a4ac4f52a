import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMemoryTopicReader } from '../../../../services/adapters/memory/topic-reader.ts';
import { expirePartition, type Expired, type TombstoneWriter } from '../../../../services/core/retention/expiry.ts';
import type { RawRecord } from '../../../../services/core/transport.ts';

type Entry = { readonly key: string | null; readonly value: string | null; readonly at: number };
const UP_TO = 100;

/** A partition as Kafka has it: what is written lies there at once, and can be read once nothing before it is open. */
function partitionOf(entries: readonly Entry[]) {
  const log: (Entry & { state: 'open' | 'committed' | 'aborted' })[] = entries.map((one) => ({
    ...one,
    state: 'committed',
  }));
  const counts = { writes: 0, commits: 0, aborts: 0 };
  const stable = (): number => {
    const open = log.findIndex(({ state }) => state === 'open');
    return open < 0 ? log.length : open;
  };
  const records = (): RawRecord[] =>
    log.flatMap(({ key, value, at, state }, offset) =>
      state === 'committed'
        ? [
            {
              offset,
              timestamp: at,
              key: key === null ? null : Buffer.from(key),
              value: value === null ? null : Buffer.from(value),
              headers: {},
            },
          ]
        : [],
    );
  const live = () => makeMemoryTopicReader({ t: [{ records: records(), low: 0, end: stable() }] });
  const reader = {
    ...live(),
    bounds: (topic: string) => live().bounds(topic),
    read: (range: Parameters<ReturnType<typeof live>['read']>[0]) => live().read(range),
  };
  const hooks = { beforeWrite: () => {}, afterWrite: () => {} };
  const writer: TombstoneWriter = {
    open: async () => ({
      write: async (keys) => {
        hooks.beforeWrite();
        counts.writes++;
        const offset = log.length;
        const own = keys.map((key) => ({
          key: Buffer.from(key).toString(),
          value: null,
          at: 1_000,
          state: 'open' as 'open' | 'committed' | 'aborted',
        }));
        log.push(...own);
        hooks.afterWrite();
        const settle = (state: 'committed' | 'aborted') => async () => {
          counts[state === 'committed' ? 'commits' : 'aborts']++;
          for (const one of own) one.state = state;
        };
        return { offset, commit: settle('committed'), abort: settle('aborted') };
      },
      close: async () => {},
    }),
  };
  const newest = (): Record<string, string | null> => {
    const found: Record<string, string | null> = {};
    for (const { key, value, state } of log) if (key !== null && state === 'committed') found[key] = value;
    return found;
  };
  let slept = 0;
  const expire = (withWriter: TombstoneWriter | null = writer): Promise<Expired> =>
    expirePartition({
      ...{ reader, topic: 't', partition: 0, upTo: UP_TO, writer: withWriter },
      sleep: async () => void slept++,
    });
  return { log, reader, expire, newest, counts, hooks, slept: () => slept };
}

const value = (key: string | null, at: number): Entry => ({ key, value: `v${at}`, at });

describe('expiry', () => {
  it('ends values whose time is over, by their newest record alone', async () => {
    const { expire, newest } = partitionOf([
      value('old', 99),
      value('edge', 100),
      value('young', 101),
      value('renewed', 1),
      value('renewed', 200),
      { key: 'gone', value: null, at: 1 },
      value(null, 1),
    ]);
    expect(await expire()).toEqual({ expired: 2, renewed: 0, postponed: 0 });
    expect(newest()).toEqual({ old: null, edge: null, young: 'v101', renewed: 'v200', gone: null });
  });

  it('run again writes nothing', async () => {
    const partition = partitionOf([value('a', 1), value('b', 2)]);
    await partition.expire();
    expect(await partition.expire()).toEqual({ expired: 0, renewed: 0, postponed: 0 });
    expect(partition.counts).toEqual({ writes: 1, commits: 1, aborts: 0 });
  });

  it('only counts where it is to write nothing', async () => {
    const partition = partitionOf([value('a', 1)]);
    expect(await partition.expire(null)).toEqual({ expired: 1, renewed: 0, postponed: 0 });
    expect(partition.log).toHaveLength(1);
  });

  it('gives way to a newer value that came before the tombstones', async () => {
    const partition = partitionOf([value('a', 1), value('b', 2)]);
    partition.hooks.beforeWrite = () => {
      partition.hooks.beforeWrite = () => {};
      partition.log.push({ ...value('a', 300), state: 'committed' });
    };
    expect(await partition.expire()).toEqual({ expired: 1, renewed: 1, postponed: 0 });
    expect(partition.newest()).toEqual({ a: 'v300', b: null });
    expect(partition.counts).toEqual({ writes: 2, commits: 1, aborts: 1 });
  });

  it('leaves a newer value alone that came behind the tombstones', async () => {
    const partition = partitionOf([value('a', 1)]);
    partition.hooks.afterWrite = () => void partition.log.push({ ...value('a', 300), state: 'committed' });
    expect(await partition.expire()).toEqual({ expired: 1, renewed: 0, postponed: 0 });
    expect(partition.newest()).toEqual({ a: 'v300' });
  });

  it('waits for a transaction that began before it, and postpones what is not settled in time', async () => {
    const partition = partitionOf([value('a', 1)]);
    partition.hooks.beforeWrite = () => void partition.log.push({ ...value('a', 300), state: 'open' });
    expect(await partition.expire()).toEqual({ expired: 0, renewed: 0, postponed: 1 });
    expect(partition.slept()).toBe(99);
    expect(partition.counts).toEqual({ writes: 1, commits: 0, aborts: 1 });
  });

  it('aborts where what came between cannot be read', async () => {
    const partition = partitionOf([value('a', 1)]);
    partition.hooks.afterWrite = () => {
      partition.reader.bounds = () => Promise.reject(new Error('lost'));
    };
    await expect(partition.expire()).rejects.toThrow('lost');
    expect(partition.counts).toEqual({ writes: 1, commits: 0, aborts: 1 });
  });

  it('takes many keys, and keys of any bytes', async () => {
    const entries = Array.from({ length: 1_201 }, (_, index) => value(`ключ-${index}`, 1));
    const partition = partitionOf(entries);
    expect(await partition.expire()).toEqual({ expired: 1_201, renewed: 0, postponed: 0 });
    expect(partition.counts.commits).toBe(3);
    expect(Object.values(partition.newest()).every((one) => one === null)).toBe(true);
  });

  it('never ends what is newer, whatever comes at whatever moment', async () => {
    const entry = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      value: fc.option(fc.constant('v')),
      at: fc.integer({ min: 0, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry),
        fc.array(fc.array(entry, { maxLength: 2 }), { maxLength: 3 }),
        fc.array(entry, { maxLength: 2 }),
        async (start, before, after) => {
          const partition = partitionOf(start);
          const late = before.values();
          const all: Entry[] = [...start];
          const push = (entries: readonly Entry[]): void => {
            for (const one of entries) {
              // What is published meanwhile is new.
              const fresh = { ...one, at: UP_TO + 1 };
              partition.log.push({ ...fresh, state: 'committed' });
              all.push(fresh);
            }
          };
          partition.hooks.beforeWrite = () => push(late.next().value ?? []);
          partition.hooks.afterWrite = () => push(after);
          await partition.expire();
          const expected: Record<string, string | null> = {};
          for (const { key, value: text } of all) if (key !== null) expected[key] = text;
          for (const { key } of all) {
            if (key === null) continue;
            const last = all.findLast((one) => one.key === key)!;
            if (last.value !== null && last.at <= UP_TO) expected[key] = null;
          }
          expect(partition.newest()).toEqual(expected);
        },
      ),
    );
  });
});
