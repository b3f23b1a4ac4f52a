/**
 * One life of the group consumer: from joining the group until it is stopped, crashes, or must not go on. The transport
 * starts the next one.
 *
 * Nothing is ever thrown at kafkajs from a handler but what makes it rejoin: it would treat a TypeError as the end of
 * the consumer, and anything else as a reason to fetch the same batch at once.
 */
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { BatchSpan } from '../../core/batch-span.ts';
import { LetheError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { BatchHandler, BatchResult, RawBatch, TopicFacts, TransportObserver } from '../../core/transport.ts';
import { RETRY } from './client.ts';
import { errorType, isFenced, kafkaUnavailable } from './errors.ts';
import { OffsetOutOfRange } from './fetch-response.ts';
import { type Lane, openLane } from './lane.ts';
import { Pauses } from './pauses.ts';
import { halves, pieces } from './pieces.ts';

export type SessionOptions = {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly handler: BatchHandler;
  readonly topicFacts: (topic: string) => Promise<TopicFacts>;
  readonly forgetTopicFacts: () => void;
  readonly observer: TransportObserver;
  readonly log: Log;
  readonly tuning: ConsumerTuning;
};

export type ConsumerTuning = {
  /** Raw bytes of one partition per batch, and so per transaction. */
  readonly maxBytesPerPartition: number;
  /** Partitions worked on side by side. */
  readonly concurrency: number;
  /** Milliseconds without a heartbeat after which the group gives a worker's partitions to others. */
  readonly sessionTimeoutMs: number;
};

export type SessionEnd =
  /** `stop` was called. */
  | { readonly kind: 'stopped' }
  /** The consumer died of an outage; a new session may go on. */
  | { readonly kind: 'crashed'; readonly error: LetheError }
  /** Going on would be unsafe. */
  | { readonly kind: 'fatal'; readonly error: LetheError };

export type Session = { readonly ended: Promise<SessionEnd>; readonly stop: () => Promise<void> };

/** A fetch waits so long for data; also how long a stop may wait for it. */
const MAX_WAIT_MS = 1_000;
/** Bytes of one fetch, all partitions together. */
const MAX_FETCH_BYTES = 32 * 1024 * 1024;

/** A range of offsets that kafkajs passed by itself, without a batch: markers, aborted or compacted records. */
type Passed = { from: number; to: number };
/** A commit whose outcome is not known; the committed position will tell. */
type Unsettled = { readonly nextOffset: number; readonly result: BatchResult };

/** A heartbeat was refused: what it threw belongs to kafkajs, which then rejoins the group. */
class HeartbeatRefused extends Error {}

const laneKey = (topic: string, partition: number): string => `${topic}/${partition}`;

export async function startSession(options: SessionOptions): Promise<Session> {
  const { kafka, admin, handler, observer, log, tuning } = options;
  const consumer: Consumer = kafka.consumer({
    groupId: options.groupId,
    sessionTimeout: tuning.sessionTimeoutMs,
    rebalanceTimeout: Math.max(30_000, tuning.sessionTimeoutMs),
    heartbeatInterval: Math.floor(tuning.sessionTimeoutMs / 6),
    maxBytesPerPartition: tuning.maxBytesPerPartition,
    maxBytes: MAX_FETCH_BYTES,
    maxWaitTimeInMs: MAX_WAIT_MS,
    metadataMaxAge: 30_000,
    readUncommitted: false,
    // Restarts are the transport's business: kafkajs' own would hide them.
    retry: { ...RETRY, restartOnFailure: async () => false },
  });

  const { promise: ended, resolve: end } = Promise.withResolvers<SessionEnd>();
  const lanes = new Map<string, Lane>();
  const passed = new Map<string, Passed>();
  const unsettled = new Map<string, Unsettled>();
  /** Why a partition waits, as it was logged last. */
  const told = new Map<string, string>();
  const pauses = new Pauses({
    resume: (topic, partition) => {
      try {
        consumer.resume([{ topic, partitions: [partition] }]);
      } catch {
        // The consumer is between two lives: a new assignment starts unpaused.
      }
    },
    changed: observer.paused,
  });

  const dropLanes = async (): Promise<void> => {
    const closing = [...lanes.values()];
    lanes.clear();
    await Promise.all(closing.map((lane) => lane.close()));
  };

  const dropLane = async (topic: string, partition: number): Promise<void> => {
    const key = laneKey(topic, partition);
    const lane = lanes.get(key);
    lanes.delete(key);
    await lane?.close();
  };

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    // Whoever held a partition in between, it is fenced and read anew.
    void dropLanes();
    passed.clear();
    pauses.clear();
    observer.assigned(new Map(Object.entries(payload.memberAssignment)));
  });
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize > 0) return;
    const to = Number(payload.lastOffset);
    const from = payload.firstOffset === null ? to : Number(payload.firstOffset);
    const key = laneKey(payload.topic, payload.partition);
    const before = passed.get(key);
    passed.set(key, before !== undefined && from <= before.to + 1 ? { from: before.from, to } : { from, to });
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    void crashed(payload.error).then(end);
  });

  const crashed = async (error: Error): Promise<SessionEnd> => {
    const outage = kafkaUnavailable('consuming', options.brokers, error);
    const out = outOfRange(error);
    if (out === null) return { kind: 'crashed', error: outage };
    try {
      const [offsets] = await admin.fetchOffsets({ groupId: options.groupId, topics: [out.topic] });
      const committed = Number(offsets?.partitions.find((entry) => entry.partition === out.partition)?.offset ?? -1);
      const loss = committed < 0 ? null : await lossAt(out.topic, out.partition, committed);
      return loss === null ? { kind: 'crashed', error: outage } : { kind: 'fatal', error: loss };
    } catch {
      // The next session asks again.
      return { kind: 'crashed', error: outage };
    }
  };

  /** What to say where the position is not among what the topic holds; null where it is. */
  const lossAt = async (topic: string, partition: number, position: number): Promise<LetheError | null> => {
    const marks = (await admin.fetchTopicOffsets(topic)).find((entry) => entry.partition === partition);
    // Not heard of is not gone: whoever fetches next says what is wrong, if anything is.
    if (marks === undefined) return null;
    const [low, high] = [Number(marks.low), Number(marks.high)];
    if (position >= low && position <= high) return null;
    return new LetheError(
      'data_lost',
      `Raw records of ${topic}/${partition} are gone: Lethe stands at offset ${position}, the topic holds ${low} to ${high}.`,
      {
        retryable: false,
        fix: `If the loss is accepted, stop the workers and reset the group: kafka-consumer-groups --bootstrap-server ${options.brokers[0]} --reset-offsets --group ${options.groupId} --topic ${topic}:${partition} --to-earliest --execute.`,
      },
    );
  };

  const fatal = (error: LetheError): void => end({ kind: 'fatal', error });

  /** The lane of a partition, fenced and placed; opening it settles a commit whose outcome was unknown. */
  const laneOf = async (topic: string, partition: number): Promise<Lane> => {
    const key = laneKey(topic, partition);
    const existing = lanes.get(key);
    if (existing !== undefined) return existing;
    const lane = await openLane({ ...options, topic, partition });
    lanes.set(key, lane);
    const open = unsettled.get(key);
    unsettled.delete(key);
    if (open !== undefined && lane.position() === open.nextOffset && lane.metadata() === open.result.metadata) {
      observer.transaction('committed');
      open.result.committed();
    }
    return lane;
  };

  /**
   * Makes sure that the batch starts where the partition has to be taken up. False: it does not, and the consumer was
   * sent to the right place.
   */
  const inPlace = async (lane: Lane, batch: EachBatchPayload['batch']): Promise<boolean> => {
    const { topic, partition } = batch;
    const fetched = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
    const skip = passed.get(laneKey(topic, partition));
    if (skip !== undefined && skip.from <= lane.position() && skip.to + 1 <= fetched) lane.skipTo(skip.to + 1);
    const expected = lane.position();
    if (fetched === expected) return true;
    const loss = await lossAt(topic, partition, expected);
    if (loss !== null) throw loss;
    consumer.seek({ topic, partition, offset: String(expected) });
    return false;
  };

  /** Whatever kafkajs throws inside is an outage, its own TypeErrors on half-known metadata included. */
  const kafkaDoes = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof LetheError ? error : kafkaUnavailable(doing, options.brokers, error);
    }
  };

  const onBatch = async (payload: EachBatchPayload): Promise<void> => {
    const { batch } = payload;
    const { topic, partition } = batch;
    const heartbeat = async (): Promise<void> => {
      try {
        await payload.heartbeat();
      } catch (error) {
        throw new HeartbeatRefused('heartbeat refused', { cause: error });
      }
    };
    let attempted: Unsettled | null = null;
    let span: BatchSpan | undefined;
    try {
      const lane = await kafkaDoes('taking over a partition', () => laneOf(topic, partition));
      if (!(await kafkaDoes('finding the position', () => inPlace(lane, batch)))) return;
      for (const piece of pieces(batch, lane.position())) {
        const waiting: RawBatch[] = [piece];
        let stale = 0;
        for (let raw = waiting.shift(); raw !== undefined; raw = waiting.shift()) {
          if (!payload.isRunning()) return;
          const { nextOffset } = raw;
          observer.lag(topic, partition, Math.max(0, raw.highWatermark - nextOffset));
          const result = await handler(raw, { metadata: lane.metadata(), heartbeat });
          span = result.span;
          await heartbeat();
          attempted = { nextOffset, result };
          const outcome = await kafkaDoes('publishing', () => lane.commit(result, nextOffset));
          attempted = null;
          observer.transaction(outcome);
          if (outcome === 'stale') {
            span?.end('stale', null);
            // Under a rain of withdrawals the smaller one is through before the next falls on it.
            waiting.unshift(...(++stale === 1 ? [raw] : halves(raw)));
            continue;
          }
          stale = 0;
          result.committed();
          span?.end('committed', null);
          payload.resolveOffset(String(nextOffset - 1));
          pauses.succeeded(topic, partition);
          if (told.delete(laneKey(topic, partition))) log.info({ topic, partition }, 'Going on');
          await heartbeat();
        }
      }
    } catch (error) {
      const fenced = error instanceof HeartbeatRefused || isFenced(error);
      if (fenced) span?.end('fenced', 'fenced');
      else span?.end('aborted', error instanceof LetheError ? error.code : 'bug');
      await failed(error, payload, attempted);
    }
  };

  const failed = async (error: unknown, payload: EachBatchPayload, attempted: Unsettled | null): Promise<void> => {
    const { topic, partition } = payload.batch;
    if (error instanceof HeartbeatRefused) throw error.cause;
    if (attempted !== null) {
      // The lane's state is unknown now, and so may be the transaction's outcome.
      await dropLane(topic, partition);
      options.forgetTopicFacts();
      if (isFenced(error)) {
        observer.transaction('fenced');
        log.warn({ topic, partition }, 'Another worker took this partition over; what was in hand is dropped');
        pauses.pause(payload, 'fenced');
        return;
      }
      observer.transaction('aborted');
      unsettled.set(laneKey(topic, partition), attempted);
    }
    const known =
      error instanceof LetheError
        ? error
        : new LetheError('bug', `Unexpected ${errorType(error)} while handling a batch`, { cause: error });
    if (!known.retryable) {
      fatal(known);
      pauses.hold(payload);
      return;
    }
    const waitMs = pauses.pause(payload, known.dependency ?? known.code);
    // Once for each reason, not with every attempt.
    const key = laneKey(topic, partition);
    const level = told.get(key) === known.message ? 'debug' : 'warn';
    told.set(key, known.message);
    log[level]({ topic, partition, code: known.code, waitMs }, `Paused: ${known.message} ${known.fix ?? ''}`.trim());
  };

  const stop = async (): Promise<void> => {
    end({ kind: 'stopped' });
    pauses.close();
    await consumer.disconnect();
    await dropLanes();
  };

  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: tuning.concurrency,
      eachBatch: onBatch,
    });
  } catch (error) {
    pauses.close();
    await consumer.disconnect().catch(() => undefined);
    throw kafkaUnavailable('joining the group', options.brokers, error);
  }
  return { ended, stop };
}

/** The position that a consumer died of, if it did. */
function outOfRange(error: unknown): OffsetOutOfRange | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof OffsetOutOfRange) return at;
  return null;
}
