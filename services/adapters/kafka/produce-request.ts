/**
 * Puts a faster writer of produce requests into kafkajs 2.2.4.
 *
 * kafkajs makes one growing buffer of 512 bytes or more for each record and each header, and copies each byte five
 * times: more than half of a worker's time, and the larger part of its memory, went there. What comes out is the same to
 * the byte (a test holds it to kafkajs' own). kafkajs is pinned to an exact version; where its inside looks different, or
 * its writer is in use already, its own stays.
 */
import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';
import { RecordBatch } from './record-batch.ts';

export type ProduceOptions = {
  readonly transactionalId?: string | null;
  readonly acks: number;
  readonly timeout: number;
  readonly producerId: { readonly value: bigint } | string | number;
  readonly producerEpoch: number;
  readonly compression?: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly messages: readonly Message[];
      readonly firstSequence: number;
    }[];
  }[];
};

/** What kafkajs sends: it reads `buf` to see what it was given and copies `buffer`. */
type Encoded = { readonly buf: Buffer; readonly buffer: Buffer };
export type ProduceRequest = {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly expectResponse: () => boolean;
  readonly encode: () => Promise<Encoded>;
};
export type MakeProduceRequest = (options: ProduceOptions) => ProduceRequest;

const REQUEST_MODULE = 'kafkajs/src/protocol/requests/produce/v3/request.js';

/** Replaces kafkajs' writer for every client of this process; the second call does nothing. */
export function installProduceRequest(): void {
  const require = createRequire(import.meta.url);
  const original = require(REQUEST_MODULE) as MakeProduceRequest;
  const module = require.cache[require.resolve(REQUEST_MODULE)];
  if (module !== undefined && typeof original === 'function') module.exports = fasterThan(original);
}

/** A writer that gives what `original` gives; compressed requests are left to it. */
export function fasterThan(original: MakeProduceRequest): MakeProduceRequest {
  return (options) => {
    const request = original(options);
    if ((options.compression ?? 0) !== 0) return request;
    return { ...request, encode: async () => encode(options) };
  };
}

function encode({ transactionalId = null, acks, timeout, topicData, ...producer }: ProduceOptions): Encoded {
  const now = Date.now();
  const { producerId } = producer;
  const ids = {
    producerId: BigInt(typeof producerId === 'object' ? producerId.value : producerId),
    producerEpoch: producer.producerEpoch,
    transactional: Boolean(transactionalId),
  };
  const topics = topicData.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, messages, firstSequence }) => ({
      partition,
      batch: new RecordBatch(messages, { ...ids, firstSequence }, now),
    })),
  }));
  let size = textBytes(transactionalId) + 2 + 4 + 4;
  for (const { topic, partitions } of topics) {
    size += textBytes(topic) + 4;
    for (const { batch } of partitions) size += 8 + batch.bytes;
  }
  const out = Buffer.allocUnsafeSlow(size);
  let at = writeText(out, 0, transactionalId);
  at = out.writeInt16BE(acks, at);
  at = out.writeInt32BE(timeout, at);
  at = out.writeInt32BE(topics.length, at);
  for (const { topic, partitions } of topics) {
    at = writeText(out, at, topic);
    at = out.writeInt32BE(partitions.length, at);
    for (const { partition, batch } of partitions) {
      at = out.writeInt32BE(partition, at);
      at = out.writeInt32BE(batch.bytes, at);
      at = batch.write(out, at);
    }
  }
  return { buf: out, buffer: out };
}

function textBytes(text: string | null): number {
  return 2 + (text === null ? 0 : Buffer.byteLength(text));
}

function writeText(out: Buffer, start: number, text: string | null): number {
  const at = out.writeInt16BE(text === null ? -1 : Buffer.byteLength(text), start);
  return text === null ? at : at + out.write(text, at);
}
