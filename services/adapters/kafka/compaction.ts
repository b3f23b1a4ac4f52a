import kafkajs, { type Admin } from 'kafkajs';
import { kafkaUnavailable } from './errors.ts';

/** Whether a topic keeps only the newest record of each key (`cleanup.policy`). Throws `unavailable`. */
export async function isCompacted(admin: Admin, brokers: readonly string[], topic: string): Promise<boolean> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy'] }],
    });
    const policy = resources[0]?.configEntries.find((entry) => entry.configName === 'cleanup.policy')?.configValue;
    return policy?.split(',').includes('compact') ?? false;
  } catch (error) {
    throw kafkaUnavailable(`reading the settings of topic ${topic}`, brokers, error);
  }
}
