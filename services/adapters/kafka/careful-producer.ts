import type { Kafka, Producer } from 'kafkajs';
import { type InTurn, makeInTurn } from '../../core/in-turn.ts';
import { RETRY } from './client.ts';

/** A producer for what must be appended once and in order, and acknowledged by all in-sync replicas. */
export type CarefulProducer = {
  /** Connected; made anew after a `drop`. */
  readonly connected: () => Promise<Producer>;
  /** Throws the producer away: after a failure, and at the end. */
  readonly drop: () => Promise<void>;
  readonly inTurn: InTurn;
};

/**
 * An idempotent producer. One request at a time: kafkajs rolls a failed request's sequence back, and another one in
 * flight could be acknowledged and lost (kafkajs #598, #1005).
 */
export function makeCarefulProducer(kafka: Kafka): CarefulProducer {
  let producer: Producer | null = null;
  return {
    connected: async () => {
      if (producer !== null) return producer;
      const made = kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        retry: RETRY,
        createPartitioner: () => (record) => record.message.partition ?? 0,
      });
      await made.connect();
      producer = made;
      return made;
    },
    drop: async () => {
      const old = producer;
      producer = null;
      await old?.disconnect().catch(() => undefined);
    },
    inTurn: makeInTurn(),
  };
}
