/** Facts about topics, and making the ones that are Lethe's to make. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import type { TopicFacts } from '../../core/transport.ts';
import { errorType, kafkaUnavailable } from './errors.ts';

/** Kafka's own default of `max.message.bytes`. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;
const FACTS_MAX_AGE_MS = 60_000;
/** How long a topic that was created may take to be listed: 5 s. */
const LOOKS = 50;
const LOOK_AGAIN_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
const DISCONNECT_TIMEOUT_MS = 500;

export type TopicCatalog = {
  readonly facts: (topic: string) => Promise<TopicFacts>;
  readonly forget: () => void;
};

/** Partition counts and size limits, cached for a minute and whenever nothing failed since. */
export function makeTopicCatalog(admin: Admin, brokers: readonly string[], clock: () => number): TopicCatalog {
  const cache = new Map<string, { readonly at: number; readonly facts: Promise<TopicFacts> }>();
  const load = async (topic: string): Promise<TopicFacts> => {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const partitions = topics.find((entry) => entry.name === topic)?.partitions.length ?? 0;
      if (partitions === 0) throw missingTopic(topic, null);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: topic,
            configNames: ['max.message.bytes', 'cleanup.policy'],
          },
        ],
      });
      const setting = (name: string): string | undefined =>
        resources[0]?.configEntries.find((entry) => entry.configName === name)?.configValue;
      return {
        partitions,
        maxMessageBytes: Number(setting('max.message.bytes') ?? DEFAULT_MAX_MESSAGE_BYTES),
        compacted: setting('cleanup.policy')?.split(',').includes('compact') ?? false,
      };
    } catch (error) {
      if (error instanceof LetheError) throw error;
      if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw missingTopic(topic, error);
      throw kafkaUnavailable(`reading the settings of topic ${topic}`, brokers, error);
    }
  };
  return {
    facts: (topic) => {
      const known = cache.get(topic);
      if (known !== undefined && clock() - known.at < FACTS_MAX_AGE_MS) return known.facts;
      const facts = load(topic);
      cache.set(topic, { at: clock(), facts });
      facts.catch(() => cache.delete(topic));
      return facts;
    },
    forget: () => cache.clear(),
  };
}

/** To say of a topic that is not there. */
export function missingTopic(topic: string, cause: unknown): LetheError {
  return new LetheError('unavailable', `Kafka topic ${topic} does not exist`, {
    dependency: 'kafka',
    fix: `Create it: kafka-topics --create --topic ${topic}, or let "lethe push" create it where it may.`,
    ...(cause === null ? {} : { cause }),
  });
}

/**
 * Connects an admin client; `unavailable` where no broker answers, or where one takes the connection and then says nothing
 * for longer than a person waits.
 */
export async function connectAdmin(admin: Pick<Admin, 'connect'>, brokers: readonly string[]): Promise<void> {
  const late = new AbortController();
  try {
    const silence = sleep(CONNECT_TIMEOUT_MS, null, { signal: late.signal }).then(() => {
      throw Object.assign(new Error('no answer'), { type: 'NO_ANSWER' });
    });
    silence.catch(() => undefined);
    await Promise.race([admin.connect(), silence]);
  } catch (error) {
    throw kafkaUnavailable('connecting', brokers, error);
  } finally {
    late.abort();
  }
}

/** Lets go of the brokers; not for long where they do not answer. */
export async function disconnectAdmin(admin: Pick<Admin, 'disconnect'>): Promise<void> {
  await Promise.race([admin.disconnect().catch(() => undefined), sleep(DISCONNECT_TIMEOUT_MS, null, { ref: false })]);
}

/** Whether a topic is there and has records in it. */
export async function holdsRecords(admin: Admin, brokers: readonly string[], topic: string): Promise<boolean> {
  if (!(await listTopics(admin, brokers)).has(topic)) return false;
  try {
    return (await admin.fetchTopicOffsets(topic)).some(({ low, high }) => BigInt(high) > BigInt(low));
  } catch (error) {
    throw kafkaUnavailable(`reading the offsets of ${topic}`, brokers, error);
  }
}

/** A topic that Lethe writes, with what it must be like. */
export type WantedTopic = {
  readonly name: string;
  /** −1: the broker's default. */
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
};

export type TopicOutcome = {
  readonly created: readonly string[];
  /** What could not be made, each with the command that makes it. */
  readonly missing: readonly { readonly topic: string; readonly reason: string; readonly create: string }[];
};

/** Creates what is missing; tells exactly what to create where it may not. Existing topics are left as they are. */
export async function ensureTopics(
  admin: Admin,
  brokers: readonly string[],
  wanted: readonly WantedTopic[],
): Promise<TopicOutcome> {
  const existing = await listTopics(admin, brokers);
  const absent = wanted.filter(({ name }) => !existing.has(name));
  const reasons = new Map<string, string>();
  for (const topic of absent) {
    try {
      await admin.createTopics({
        // kafkajs waits by asking for metadata, and takes a broker that has not heard of the topic yet for a failure.
        waitForLeaders: false,
        timeout: 10_000,
        topics: [
          {
            topic: topic.name,
            numPartitions: topic.partitions,
            replicationFactor: -1,
            configEntries: Object.entries(topic.config).map(([name, value]) => ({ name, value })),
          },
        ],
      });
    } catch (error) {
      reasons.set(topic.name, creationError(error));
    }
  }
  let seen = existing;
  for (let look = 0; look < LOOKS; look++) {
    seen = await listTopics(admin, brokers);
    if (absent.every(({ name }) => seen.has(name) || reasons.has(name))) break;
    await sleep(LOOK_AGAIN_MS);
  }
  return {
    created: absent.map(({ name }) => name).filter((name) => seen.has(name) && !reasons.has(name)),
    missing: absent
      .filter(({ name }) => !seen.has(name))
      .map((topic) => ({
        topic: topic.name,
        reason: reasons.get(topic.name) ?? 'it did not appear',
        create: createCommand(topic, brokers),
      })),
  };
}

async function listTopics(admin: Admin, brokers: readonly string[]): Promise<Set<string>> {
  try {
    return new Set(await admin.listTopics());
  } catch (error) {
    throw kafkaUnavailable('listing topics', brokers, error);
  }
}

/** kafkajs gathers creation errors in an aggregate. */
function creationError(error: unknown): string {
  const inner = (error as { errors?: readonly unknown[] }).errors?.[0];
  return errorType(inner ?? error);
}

function createCommand(topic: WantedTopic, brokers: readonly string[]): string {
  const partitions = topic.partitions > 0 ? ` --partitions ${topic.partitions}` : '';
  const config = Object.entries(topic.config).map(([name, value]) => ` --config ${name}=${value}`);
  return `kafka-topics --bootstrap-server ${brokers[0]} --create --topic ${topic.name}${partitions}${config.join('')}`;
}
