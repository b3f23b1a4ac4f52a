import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { chunk, maxPublicationBytes, publicationBytes } from '../../../../services/adapters/kafka/lane.ts';
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
