/** Makes the topics that workers write, for `run` and `push` alike. */
import { brokerTimes } from '../adapters/kafka/topic-settings.ts';
import { ensureTopics, makeTopicCatalog } from '../adapters/kafka/topics.ts';
import { LetheError } from '../core/errors.ts';
import type { CompiledRoute } from '../core/policy/plan.ts';
import { ASSUMED_TIMES, EXPIRY_EVERY_MS } from '../core/retention/stay.ts';
import { settingsOfNew } from '../core/retention/topic-plan.ts';
import { OWN_TOPICS, outputTopic } from './topics.ts';

type Admin = Parameters<typeof ensureTopics>[0];

export type WrittenTopics = {
  /**
   * Creates what is missing of Lethe's own topics and of the routes' outputs; returns the names.
   * @throws LetheError `unavailable` with the commands that create what could not be.
   */
  readonly ensure: (routes: readonly CompiledRoute[]) => Promise<readonly string[]>;
};

/** @param admin connected. */
export function makeWrittenTopics(admin: Admin, brokers: readonly string[]): WrittenTopics {
  return {
    ensure: async (routes) => {
      const catalog = makeTopicCatalog(admin, brokers, Date.now);
      const outputs = [];
      const promising = routes.some(({ plan }) =>
        plan.outputs.some(({ purpose }) => purpose.publishedMs !== undefined),
      );
      const times = promising ? await brokerTimes(admin, brokers) : ASSUMED_TIMES;
      for (const { topic, plan } of routes) {
        const raw = await catalog.facts(topic).catch(() => null);
        for (const output of plan.outputs) {
          const config = settingsOfNew(output, times, EXPIRY_EVERY_MS);
          outputs.push({ ...outputTopic(output.topic, raw?.partitions ?? -1), config });
        }
      }
      const { created, missing } = await ensureTopics(admin, brokers, [...OWN_TOPICS, ...outputs]);
      if (missing.length === 0) return created;
      throw new LetheError(
        'unavailable',
        `Kafka topics are missing and could not be created: ${missing.map(({ topic, reason }) => `${topic} (${reason})`).join(', ')}.`,
        { fix: `Create them:\n${missing.map(({ create }) => `  ${create}`).join('\n')}` },
      );
    },
  };
}
