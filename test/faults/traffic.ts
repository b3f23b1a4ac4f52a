/** Raw records that keep flowing while things break: known and unknown subjects, and some records nobody can read. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Message, Producer } from 'kafkajs';
import { CANARY } from './checker.ts';
import type { Random } from './random.ts';

export type Traffic = {
  /** Records that the broker has acknowledged. */
  readonly sent: () => number;
  /** Ends it, once what is under way is acknowledged or given up. */
  readonly stop: () => Promise<void>;
};

/** The header of a raw record that no rule declares: by it the referee knows what the record must become. */
export const FATE_HEADER = 'test-fate';

const TICK_MS = 30;
const AT = Date.parse('2025-06-01T00:00:00Z');

/** A record of a subject; personal values all hold the canary. */
export const liveRecord = (id: number, subject: string, v = 'x', fate: 'live' | 'either' = 'live'): Message => ({
  key: `${CANARY}-key-${id}`,
  value: JSON.stringify({
    id,
    s: subject,
    at: AT + id,
    e: `${CANARY}.${id}@example.com`,
    v,
    note: { [`${CANARY}-name`]: `${CANARY} note` },
  }),
  headers: { [FATE_HEADER]: `${fate} ${subject}`, [CANARY]: CANARY },
});

/** Values that must become dead letters, and leave nothing behind elsewhere. */
const BROKEN: readonly ((id: number, subject: string) => string)[] = [
  (id) => `{"id":${id},"s":"${CANARY}`,
  (id) => `{"id":${id},"at":${AT},"e":"${CANARY}@example.com"}`,
  (id, subject) => `{"id":${id},"s":"${subject}","at":"${CANARY}"}`,
  (id, subject) => `{"id":${id},"s":"${subject}","s":"${CANARY}","at":${AT}}`,
  (id, subject) => `{"id":${id},"s":"${subject}","at":${AT},"e":{"${CANARY}":"${CANARY}"}}`,
  () => `["${CANARY}"]`,
  () => `\u{feff}{"s":"${CANARY}"}`,
];

export const deadRecord = (id: number, subject: string, random: Random): Message => ({
  key: CANARY,
  value: random.pick(BROKEN)(id, subject),
  headers: { [FATE_HEADER]: 'dead' },
});

export type TrafficOptions = {
  readonly client: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly subjects: readonly string[];
  readonly random: Random;
  /** Records a second, all partitions together. */
  readonly rate: number;
  readonly make: Make;
};

/** Makes a record of a subject. */
export type Make = (id: number, subject: string, random: Random) => Message;

export const usual: Make = (id, subject, random) =>
  random.chance(0.04) ? deadRecord(id, subject, random) : liveRecord(id, subject);

/** Produces at an even rate until it is stopped. What is lost in an outage is not sent again: the raw topic tells. */
export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const { client, topic, partitions, subjects, random, rate, make } = options;
  const producer: Producer = client.producer({
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  let id = 0;
  let sent = 0;
  let stopping = false;
  const began = Date.now();
  let due = 0;
  const flow = async (): Promise<void> => {
    while (!stopping) {
      const count = Math.min(Math.floor(((Date.now() - began) / 1000) * rate) - due, rate);
      due = Math.floor(((Date.now() - began) / 1000) * rate);
      if (count > 0) {
        const messages = Array.from({ length: count }, () => ({
          ...make(id++, random.pick(subjects), random),
          partition: random.between(0, partitions),
        }));
        await producer.send({ topic, messages, timeout: 5_000 }).then(
          () => {
            sent += count;
          },
          () => sleep(200),
        );
      }
      await sleep(TICK_MS);
    }
  };
  const flowing = flow();
  return {
    sent: () => sent,
    stop: async () => {
      stopping = true;
      await flowing;
      await producer.disconnect();
    },
  };
}
