/** Writes tombstones in a transaction that is committed only once it is sure that nothing newer came before them. */
import type { Kafka, Producer } from 'kafkajs';
import type { TombstoneWriter } from '../../core/retention/expiry.ts';
import { RETRY } from './client.ts';
import { kafkaUnavailable } from './errors.ts';

/** A transaction that is open longer is ended by the broker; until then nobody reads on in the partition. */
const TRANSACTION_TIMEOUT_MS = 30_000;

export function makeTombstoneWriter(kafka: Kafka, brokers: readonly string[]): TombstoneWriter {
  return {
    open: async (topic, partition) => {
      const failed = (error: unknown) =>
        kafkaUnavailable(`writing tombstones to ${topic}/${partition}`, brokers, error);
      let producer: Producer;
      try {
        producer = kafka.producer({
          // One for the partition: whoever expires it next ends what an earlier one left open.
          transactionalId: `lethe-expiry.${topic}.${partition}`,
          transactionTimeout: TRANSACTION_TIMEOUT_MS,
          maxInFlightRequests: 1,
          retry: RETRY,
          createPartitioner: () => () => partition,
        });
        await producer.connect();
      } catch (error) {
        throw failed(error);
      }
      return {
        write: async (keys) => {
          try {
            const transaction = await producer.transaction();
            // One request and one partition are one record batch: no other record comes between these.
            const [sent] = await transaction.send({
              topic,
              messages: keys.map((key) => ({ key: Buffer.from(key), value: null, partition })),
            });
            const offset = Number(sent?.baseOffset);
            if (!Number.isSafeInteger(offset) || offset < 0) throw new Error('no offset');
            return { offset, commit: () => transaction.commit(), abort: () => transaction.abort() };
          } catch (error) {
            throw failed(error);
          }
        },
        close: () => producer.disconnect().catch(() => undefined),
      };
    },
  };
}
