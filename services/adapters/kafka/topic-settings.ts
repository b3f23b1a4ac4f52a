/** What topics and brokers are set to, and changing that of a topic. */
import kafkajs, { type Admin } from 'kafkajs';
import { ASSUMED_TIMES, type BrokerTimes } from '../../core/retention/stay.ts';
import type { TopicState } from '../../core/retention/topic-plan.ts';
import { errorType, kafkaUnavailable } from './errors.ts';

const { TOPIC, BROKER } = kafkajs.ConfigResourceTypes;
/** The protocol's code of where a setting comes from: the topic itself, and not a broker or a default (KIP-226). */
const OF_THE_TOPIC = 1;

/** The topics of these that exist, with all settings in force. Throws `unavailable`. */
export async function describeTopics(
  admin: Admin,
  brokers: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, TopicState>> {
  try {
    const known = new Set(await admin.listTopics());
    const topics = names.filter((name) => known.has(name));
    if (topics.length === 0) return new Map();
    const { topics: metadata } = await admin.fetchTopicMetadata({ topics });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: TOPIC, name })),
    });
    return new Map(
      topics.map((name) => {
        const partitions = metadata.find((one) => one.name === name)?.partitions ?? [];
        const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
        const state: TopicState = {
          partitions: partitions.length,
          replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
          settings: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue ?? ''])),
        };
        return [name, state];
      }),
    );
  } catch (error) {
    throw kafkaUnavailable('reading the settings of topics', brokers, error);
  }
}

/**
 * How often brokers look for what is to be deleted or compacted: the longest of all. Kafka's defaults, marked as assumed,
 * where a broker does not tell: managed ones often let nobody see their settings.
 */
export async function brokerTimes(admin: Admin, brokers: readonly string[]): Promise<BrokerTimes> {
  let nodes: readonly { readonly nodeId: number }[];
  try {
    nodes = (await admin.describeCluster()).brokers;
  } catch (error) {
    throw kafkaUnavailable('listing brokers', brokers, error);
  }
  try {
    const configNames = ['log.retention.check.interval.ms', 'log.cleaner.backoff.ms'];
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: nodes.map(({ nodeId }) => ({ type: BROKER, name: String(nodeId), configNames })),
    });
    const longest = (setting: string): number =>
      Math.max(
        ...resources.map(({ configEntries }) => {
          const value = Number(configEntries.find(({ configName }) => configName === setting)?.configValue);
          if (!(value > 0)) throw new Error(`a broker does not tell ${setting}`);
          return value;
        }),
      );
    if (resources.length === 0) return ASSUMED_TIMES;
    return { checkIntervalMs: longest(configNames[0]!), cleanerBackoffMs: longest(configNames[1]!), assumed: false };
  } catch {
    return ASSUMED_TIMES;
  }
}

/**
 * Changes settings of a topic and keeps the others that were given to it: kafkajs knows only the request that replaces them
 * all (AlterConfigs, not KIP-339). Null, or the name of the broker's error.
 */
export async function alterTopic(
  admin: Admin,
  topic: string,
  changes: Readonly<Record<string, string>>,
): Promise<string | null> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: TOPIC, name: topic }],
    });
    const own = (resources[0]?.configEntries ?? [])
      .filter(({ configSource }) => Number(configSource) === OF_THE_TOPIC)
      .map(({ configName, configValue }) => [configName, configValue] as const);
    const configEntries = Object.entries({ ...Object.fromEntries(own), ...changes }).map(([name, value]) => ({
      name,
      value,
    }));
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC, name: topic, configEntries }] });
    return null;
  } catch (error) {
    return errorType(error);
  }
}
