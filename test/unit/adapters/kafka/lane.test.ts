import { createRequire } from 'node:module';
import type { Admin, Kafka, Message } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { chunk, maxPublicationBytes, openLane, publicationBytes } from '../../../../services/adapters/kafka/lane.ts';
import type { Publication } from '../../../../services/core/transport.ts';

const publication = (topic: string, size: number, key: string | null = null): Publication => ({
  topic,
  partition: 0,
  key,
  value: new Uint8Array(size),
  headers: { 'lethe-source': 'raw/0/1' },
  timestamp: 0,
});

describe('chunk', () => {
  it('keeps each topic of each request within its limit, and the order', () => {
    const sizes = [400, 500, 300, 900, 10, 10];
    const rounds = chunk(
      sizes.map((size) => publication('a', size)),
      () => 1200,
    );
    const seen: number[] = [];
    for (const round of rounds) {
      let bytes = 0;
      for (const { messages } of round) {
        for (const message of messages) {
          const size = (message.value as Buffer).byteLength;
          bytes += size;
          seen.push(size);
        }
      }
      expect(bytes).toBeLessThanOrEqual(1200);
    }
    expect(seen).toEqual(sizes);
    expect(rounds.length).toBeGreaterThan(1);
  });

  it('sends several topics in one request and limits each by itself', () => {
    const rounds = chunk([publication('a', 500), publication('b', 500), publication('a', 500)], (topic) =>
      topic === 'a' ? 700 : 10_000,
    );
    expect(rounds.map((round) => round.map(({ topic, messages }) => [topic, messages.length]))).toEqual([
      [
        ['a', 1],
        ['b', 1],
      ],
      [['a', 1]],
    ]);
  });

  it('bounds the number of records of a request', () => {
    const rounds = chunk(
      Array.from({ length: 2500 }, () => publication('a', 1)),
      () => 10_000_000,
    );
    expect(rounds.map((round) => round[0]?.messages.length)).toEqual([1000, 1000, 500]);
  });

  it('groups by partition as kafkajs would, without its copies', () => {
    const group = createRequire(import.meta.url)('kafkajs/src/producer/groupMessagesPerPartition.js') as (given: {
      topic: string;
      partitionMetadata: readonly unknown[];
      messages: readonly Message[];
      partitioner: (given: { message: Message }) => number;
    }) => Record<number, Message[]>;
    const groups = (partitions: readonly number[]) => {
      const [round] = chunk(
        partitions.map((partition, index) => ({ ...publication('a', index), partition })),
        () => 10_000,
      );
      const messages = round![0]!.messages;
      return group({
        topic: 'a',
        partitionMetadata: [{}],
        messages,
        partitioner: ({ message }) => message.partition ?? -1,
      });
    };
    const sizes = (messages: readonly Message[] | undefined) => messages?.map(({ value }) => value?.length);
    const [alike, mixed] = [groups([3, 3, 3]), groups([3, 1, 3])];
    expect(Object.keys(alike)).toEqual(['3']);
    expect(sizes(alike[3])).toEqual([0, 1, 2]);
    expect(Object.keys(mixed)).toEqual(['1', '3']);
    expect(sizes(mixed[3])).toEqual([0, 2]);
  });

  it('makes no request of nothing', () => {
    expect(chunk([], () => 1)).toEqual([]);
  });
});

describe('publicationBytes', () => {
  it('is no less than what Kafka needs for key, value and headers', () => {
    const bytes = publicationBytes({
      ...publication('a', 100, 'schlüssel'),
      headers: { 'lethe-source': 'raw/0/1', trace: ['a', new Uint8Array(5)] },
    });
    expect(bytes).toBeGreaterThanOrEqual(100 + 10 + 'lethe-source'.length + 7 + 2 * 'trace'.length + 6);
  });

  it('leaves room for the head of a record batch', () => {
    // 61 bytes: KIP-98, "Message Format".
    expect(maxPublicationBytes({ partitions: 1, maxMessageBytes: 1000 })).toBeLessThanOrEqual(1000 - 61);
  });
});

describe('openLane', () => {
  type Offsets = Awaited<ReturnType<Admin['fetchOffsets']>>;
  type Marks = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

  const lane = (offsets: Offsets, marks: Marks = []) => {
    let closed = 0;
    const producer = {
      connect: async () => undefined,
      transaction: async () => ({}),
      disconnect: async () => void closed++,
    };
    const opening = openLane({
      kafka: { producer: () => producer } as unknown as Kafka,
      admin: { fetchOffsets: async () => offsets, fetchTopicOffsets: async () => marks } as unknown as Admin,
      ...{ groupId: 'g', topic: 'raw', partition: 1 },
      topicFacts: async () => ({ partitions: 2, maxMessageBytes: 1 }) as never,
      observer: {} as never,
    });
    return { opening, closed: () => closed };
  };
  const at = (partition: number, offset: string, metadata: string | null = null): Offsets => [
    { topic: 'raw', partitions: [{ partition, offset, metadata }] },
  ];
  const bounds = (partition: number): Marks => [{ partition, offset: '9', high: '9', low: '4' }];

  it('takes the partition up where the group stands', async () => {
    const opened = await lane(at(1, '7', 'm')).opening;
    expect([opened.position(), opened.metadata()]).toEqual([7, 'm']);
  });

  it('begins at the first record where the broker says that nothing was committed', async () => {
    expect((await lane(at(1, '-1'), bounds(1)).opening).position()).toBe(4);
  });

  it.each([
    ['says nothing of the topic', [], bounds(1)],
    ['says nothing of any partition', [{ topic: 'raw', partitions: [] }], bounds(1)],
    ['speaks of another partition', at(0, '7'), bounds(1)],
    ['says nothing of where the topic begins', at(1, '-1'), bounds(0)],
  ] satisfies [string, Offsets, Marks][])('opens nothing where Kafka %s', async (_what, offsets, marks) => {
    const { opening, closed } = lane(offsets, marks);
    await expect(opening).rejects.toMatchObject({ code: 'unavailable', retryable: true, dependency: 'kafka' });
    expect(closed()).toBe(1);
  });
});
