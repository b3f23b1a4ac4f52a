import { describe, expect, it } from 'vitest';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import { checkValue } from '../../../services/adapters/detect/value-checks.ts';
import { observeSubject, observeTopic } from '../../../services/cli/init.ts';
import { topicValues } from '../../../services/cli/init-topic.ts';
import { makeObserver } from '../../../services/core/propose/observe.ts';
import type { ReadRange, TopicReader } from '../../../services/core/topic-reader.ts';

/** Partitions that hold `{"n": OFFSET}` from `low` on. */
function readerOf(
  partitions: readonly (readonly [low: number, end: number])[],
  value: (n: number) => Uint8Array | null,
) {
  const asked: ReadRange[] = [];
  const reader: TopicReader = {
    bounds: async () => partitions.map(([low, end], partition) => ({ partition, low, end })),
    offsetsAt: async () => new Map(),
    read: async function* (range) {
      asked.push(range);
      const records = Array.from({ length: range.to - range.from }, (_, index) => ({
        offset: range.from + index,
        timestamp: 0,
        key: null,
        value: value(range.from + index),
        headers: null,
      }));
      yield { ...range, startOffset: range.from, records, nextOffset: range.to, highWatermark: range.to };
    },
    close: async () => undefined,
  };
  return { reader, asked };
}
const json = (n: number): Uint8Array => Buffer.from(`{"n":${n}}`);
const ranges = async (partitions: readonly (readonly [number, number])[], most: number | null) => {
  const { reader, asked } = readerOf(partitions, json);
  let count = 0;
  for await (const _ of topicValues(reader, 't', most, async () => undefined)) count++;
  return {
    ranges: asked.map(({ partition, from, to }) => [partition, from, to]).toSorted(([a = 0], [b = 0]) => a - b),
    count,
  };
};

describe('topicValues', () => {
  it('reads the newest of every partition, and more of large ones where others are small', async () => {
    expect(await ranges([[0, 100]], 10)).toEqual({ ranges: [[0, 90, 100]], count: 10 });
    expect(
      await ranges(
        [
          [5, 6],
          [0, 0],
          [0, 100],
          [20, 30],
        ],
        9,
      ),
    ).toEqual({
      ranges: [
        [0, 5, 6],
        [2, 96, 100],
        [3, 26, 30],
      ],
      count: 9,
    });
    expect(
      (
        await ranges(
          [
            [0, 3],
            [0, 4],
          ],
          null,
        )
      ).count,
    ).toBe(7);
    expect(await ranges([[0, 0]], 10)).toEqual({ ranges: [], count: 0 });
  });

  it('passes tombstones, and says what cannot be read', async () => {
    const { reader } = readerOf([[0, 3]], (n) => (n === 0 ? null : n === 1 ? Buffer.from('{"a":') : json(n)));
    const values: unknown[] = [];
    for await (const value of topicValues(reader, 't', 10, async () => undefined)) values.push(value);
    expect(values).toEqual([
      { format: 'json', datum: undefined },
      { format: 'json', datum: { n: 2 } },
    ]);
  });
});

describe('observeTopic', () => {
  const told = (): void => undefined;

  it('says why nothing could be read', async () => {
    const avro = { registry: null, subject: 't-value', read: () => undefined };
    const empty = readerOf([[4, 4]], json).reader;
    expect((await observeTopic(makeObserver(checkValue), empty, 't', 9, avro, told)).failure).toBe(
      'the topic t holds no records',
    );
    const broken = readerOf([[0, 1]], () => Buffer.from('[1]')).reader;
    expect((await observeTopic(makeObserver(checkValue), broken, 't', 9, avro, told)).failure).toMatch(
      /^no record of t /,
    );
  });

  it('asks for a registry once a record is Avro, and for the schemas once', async () => {
    const { reader } = readerOf([[0, 5]], () => Uint8Array.of(0, 0, 0, 0, 1, 2));
    const without = { registry: null, subject: 't-value', read: () => undefined };
    await expect(observeTopic(makeObserver(checkValue), reader, 't', 9, without, told)).rejects.toMatchObject({
      code: 'invalid_config',
    });
    const registry = makeMemorySchemaRegistry();
    await registry.register('t-value', '{"type":"record","name":"R","fields":[{"name":"n","type":"int"}]}');
    let asked = 0;
    const counted = { ...registry, versions: async (subject: string) => (asked++, registry.versions(subject)) };
    const observer = makeObserver(checkValue);
    const read = { registry: counted, subject: 't-value', read: () => ({ n: 1 }) };
    expect(await observeTopic(observer, reader, 't', 9, read, told)).toMatchObject({ format: 'avro', unreadable: 0 });
    expect([observer.records(), asked]).toEqual([5, 1]);
  });
});

describe('observeSubject', () => {
  it('knows no subject, and none that is no record', async () => {
    const registry = makeMemorySchemaRegistry();
    await expect(observeSubject(makeObserver(checkValue), registry, 's')).rejects.toMatchObject({
      code: 'unavailable',
    });
    await registry.register('s', '"string"');
    expect((await observeSubject(makeObserver(checkValue), registry, 's')).failure).toMatch(/no version of s/);
  });
});
