import { alterTopic, brokerTimes, describeTopics } from '../adapters/kafka/topic-settings.ts';
import { ensureTopics } from '../adapters/kafka/topics.ts';
import type { TopicsPort } from './topics.ts';

type Admin = Parameters<typeof describeTopics>[0];

/** @param admin connected, when it is used. */
export function topicsPortOf(admin: Admin, brokers: readonly string[]): TopicsPort {
  return {
    describe: (names) => describeTopics(admin, brokers, names),
    brokerTimes: () => brokerTimes(admin, brokers),
    create: async (topic) => {
      const { missing } = await ensureTopics(admin, brokers, [topic]);
      return missing[0] === undefined ? null : `${missing[0].reason}; create it: ${missing[0].create}`;
    },
    alter: (topic, changes) => alterTopic(admin, topic, changes),
  };
}
