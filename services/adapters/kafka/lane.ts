/**
 * A lane is this worker's hold on one raw partition: a transactional producer whose id belongs to that partition alone.
 *
 * kafkajs predates KIP-447, so a zombie is not fenced by its group generation. The order here makes up for it: first
 * fence (a new producer with the partition's transactional id ends whatever its predecessor had open), only then read
 * the committed position. A lane that failed once is thrown away, never reused (kafkajs #1275, #1355).
 */
import { performance } from 'node:perf_hooks';
import type { Admin, Kafka, Message, Producer, Transaction } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import type { BatchResult, Publication, TopicFacts, TransportObserver } from '../../core/transport.ts';
import { RETRY } from './client.ts';
import { commitThrough } from './commit-gate.ts';
import { makeFreshKnowledge } from './fresh-knowledge.ts';

export type LaneOptions = {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly topicFacts: (topic: string) => Promise<TopicFacts>;
  readonly observer: TransportObserver;
};

export type Lane = {
  /** The offset at which the partition has to be taken up. */
  readonly position: () => number;
  /** What travelled with the last commit, or null. */
  readonly metadata: () => string | null;
  /** Marks offsets as passed without a commit: transaction markers and aborted records, which no handler sees. */
  readonly skipTo: (offset: number) => void;
  /**
   * One transaction: publications and the position after them. `stale`: what the result rests on has changed; nothing
   * happened, and the lane is well. Any failure leaves the lane unusable.
   */
  readonly commit: (result: BatchResult, nextOffset: number) => Promise<'committed' | 'stale'>;
  readonly close: () => Promise<void>;
};

/** A transaction that is open longer is ended by the broker. */
const TRANSACTION_TIMEOUT_MS = 30_000;
/** Records per request: what lies in memory twice while it is encoded. */
export const MAX_RECORDS_PER_SEND = 1_000;
/** What kafkajs writes around the bytes of a record and a record batch, rounded up. */
const RECORD_OVERHEAD_BYTES = 40;
const HEADER_OVERHEAD_BYTES = 10;
const BATCH_OVERHEAD_BYTES = 128;

/** A UTF-16 unit takes at most so many bytes of UTF-8. Counting them exactly would cost more than it brings. */
const BYTES_PER_UNIT = 3;

/** The encoded size of a publication, in bytes, rounded up: text is counted at its UTF-8 worst. */
export function publicationBytes({ key, value, headers }: Publication): number {
  let bytes = RECORD_OVERHEAD_BYTES + (value?.byteLength ?? 0) + (key?.length ?? 0) * BYTES_PER_UNIT;
  for (const name of Object.keys(headers)) {
    const values = headers[name]!;
    const nameBytes = HEADER_OVERHEAD_BYTES + name.length * BYTES_PER_UNIT;
    for (const one of Array.isArray(values) ? values : [values]) bytes += nameBytes + one.length * BYTES_PER_UNIT;
  }
  return bytes;
}

/** The most bytes a publication may have for a topic. */
export function maxPublicationBytes(facts: TopicFacts): number {
  return facts.maxMessageBytes - BATCH_OVERHEAD_BYTES;
}

/**
 * Cuts publications into requests such that no topic's record batch goes over its limit: over it, the broker would
 * refuse the whole request. Order within a topic and partition is kept.
 */
export function chunk(
  publications: readonly Publication[],
  limitOf: (topic: string) => number,
): { topic: string; messages: Message[] }[][] {
  type Open = { round: number; bytes: number; count: number };
  const rounds: Map<string, Message[]>[] = [];
  const open = new Map<string, Open>();
  let timestamp = 0;
  let time = '0';
  for (const publication of publications) {
    const bytes = publicationBytes(publication);
    let state = open.get(publication.topic);
    if (state === undefined) {
      state = { round: 0, bytes: 0, count: 0 };
      open.set(publication.topic, state);
    } else if (state.bytes + bytes > limitOf(publication.topic) || state.count >= MAX_RECORDS_PER_SEND) {
      state.round++;
      state.bytes = 0;
      state.count = 0;
    }
    state.bytes += bytes;
    state.count++;
    let round = rounds[state.round];
    if (round === undefined) {
      round = new Map();
      rounds.push(round);
    }
    let messages = round.get(publication.topic);
    if (messages === undefined) {
      messages = [];
      round.set(publication.topic, messages);
    }
    if (publication.timestamp !== timestamp) {
      timestamp = publication.timestamp;
      time = String(timestamp);
    }
    messages.push(message(publication, time));
  }
  return rounds.map((round) => [...round].map(([topic, messages]) => ({ topic, messages: grouped(messages) })));
}

/**
 * kafkajs groups messages by partition with a `reduce` that copies the list once for each of them, which costs by the
 * square (groupMessagesPerPartition). Where all are of one partition, as ours are, the answer is known.
 */
function grouped(messages: Message[]): Message[] {
  const partition = messages[0]?.partition;
  if (partition === undefined || messages.some((one) => one.partition !== partition)) return messages;
  return Object.defineProperty(messages, 'reduce', { value: () => ({ [partition]: messages }) });
}

/** @param time the publication's timestamp as text: one of a batch, mostly. */
function message({ key, value, partition, headers }: Publication, time: string): Message {
  const sent: Record<string, string | Buffer | (string | Buffer)[]> = {};
  for (const name of Object.keys(headers)) {
    const values = headers[name]!;
    sent[name] = Array.isArray(values) ? values.map(headerValue) : headerValue(values);
  }
  return {
    key,
    value: value === null ? null : asBuffer(value),
    partition,
    headers: sent,
    timestamp: time,
  };
}

/** kafkajs writes nothing for bytes that are no Buffer, and the broker then refuses the batch. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function headerValue(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : asBuffer(value);
}

/** Fences every earlier owner of the partition, then reads where it stopped. */
export async function openLane(options: LaneOptions): Promise<Lane> {
  const { kafka, admin, groupId, topic, partition, topicFacts, observer } = options;
  const producer: Producer = kafka.producer({
    transactionalId: `${groupId}.${topic}.${partition}`,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    maxInFlightRequests: 1,
    retry: RETRY,
    // Explicit partitions: a retry must not move a record, and murmur2 is spared.
    createPartitioner: () => (record) => record.message.partition ?? 0,
  });
  // The transaction object is what fences: kafkajs sends InitProducerId for it, and only once per producer.
  let transaction: Transaction | null;
  let position: number;
  let metadata: string | null;
  try {
    await producer.connect();
    transaction = await producer.transaction();
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = offsets?.partitions.find((entry) => entry.partition === partition);
    // No word of the partition is not the word that nothing was committed: kafkajs shares one refresh of its metadata
    // among all who ask meanwhile, whatever their topics are, and then asks for the offsets of no partition at all.
    if (committed === undefined) throw unheard(topic, partition);
    if (Number(committed.offset) < 0) {
      const watermarks = await admin.fetchTopicOffsets(topic);
      const bounds = watermarks.find((entry) => entry.partition === partition);
      if (bounds === undefined) throw unheard(topic, partition);
      position = Number(bounds.low);
      metadata = null;
    } else {
      position = Number(committed.offset);
      metadata = committed.metadata ?? null;
    }
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }

  const commit = async (result: BatchResult, nextOffset: number): Promise<'committed' | 'stale'> => {
    const started = performance.now();
    const limits = new Map<string, number>();
    for (const publication of result.publications) {
      if (!limits.has(publication.topic)) {
        limits.set(publication.topic, maxPublicationBytes(await topicFacts(publication.topic)));
      }
    }
    const current = transaction ?? (await producer.transaction());
    transaction = null;
    // One send in flight per producer: a concurrent one may reuse a rolled-back sequence and lose records (#598).
    for (const topicMessages of chunk(result.publications, (name) => limits.get(name) ?? 0)) {
      await current.sendBatch({ topicMessages });
    }
    const published = performance.now();
    observer.stage('publish', (published - started) / 1000);
    result.span?.stage('publish', (published - started) / 1000);
    await current.sendOffsets({
      consumerGroupId: groupId,
      // `metadata` is missing in kafkajs' types, not in what it sends.
      topics: [{ topic, partitions: [{ partition, offset: String(nextOffset), metadata: result.metadata } as never] }],
    });
    const isGood = makeFreshKnowledge(result.stillGood, () => performance.now());
    let good: boolean;
    try {
      good = await isGood();
    } catch (error) {
      // Left open, it would hold up whoever reads the outputs until the partition is taken up again.
      await current.abort().catch(() => undefined);
      throw error;
    }
    if (!good) {
      await current.abort();
      return 'stale';
    }
    await commitThrough(
      async () => {
        if (!(await isGood())) throw lateCommit();
      },
      () => current.commit(),
    );
    const committing = (performance.now() - published) / 1000;
    observer.stage('commit', committing);
    result.span?.stage('commit', committing);
    position = nextOffset;
    metadata = result.metadata;
    return 'committed';
  };

  return {
    position: () => position,
    metadata: () => metadata,
    skipTo: (offset) => {
      if (offset > position) position = offset;
    },
    commit,
    close: () => producer.disconnect().catch(() => undefined),
  };
}

/** A position that is not known for sure must not be taken for the beginning: all would be published once more. */
function unheard(topic: string, partition: number): LetheError {
  return new LetheError('unavailable', `Kafka did not say where the group stands in ${topic}/${partition}`, {
    dependency: 'kafka',
    fix: 'Nothing to do: it is asked again.',
  });
}

/** The producer cannot abort any more (kafkajs then thinks of it as committing): the next one ends the transaction. */
function lateCommit(): LetheError {
  return new LetheError('unavailable', 'Consents changed while the commit waited', {
    dependency: 'kafka',
    fix: 'Nothing to do: the batch is decided about again.',
  });
}
