/** `lethe topics expire`: tombstones for what lay in compacted outputs as long as it may. */
import type { CompiledBundle } from '../core/policy/plan.ts';
import { type Expired, expirePartition, type TombstoneWriter } from '../core/retention/expiry.ts';
import { expiryAgeMs, type BrokerTimes } from '../core/retention/stay.ts';
import type { TopicState } from '../core/retention/topic-plan.ts';
import type { TopicReader } from '../core/topic-reader.ts';

export type ExpirePorts = {
  readonly reader: TopicReader;
  /** Null: only tell what would be done. */
  readonly writer: TombstoneWriter | null;
  readonly describe: (names: readonly string[]) => Promise<ReadonlyMap<string, TopicState>>;
  readonly brokerTimes: () => Promise<BrokerTimes>;
  readonly sleep: (ms: number) => Promise<void>;
};

export type ExpiredTopic = Expired & {
  readonly topic: string;
  /** Epoch milliseconds; null where nothing was looked at, for the reason in `problem`. */
  readonly upTo: number | null;
  readonly problem: string | null;
};

/** @param now epoch milliseconds. */
export async function expireTopics(
  { routes }: CompiledBundle,
  { reader, writer, describe, brokerTimes, sleep }: ExpirePorts,
  expiryEveryMs: number,
  now: number,
): Promise<readonly ExpiredTopic[]> {
  const outputs = routes.flatMap(({ plan }) => plan.outputs).filter(({ cleanup }) => cleanup !== undefined);
  if (outputs.length === 0) return [];
  const states = await describe(outputs.map(({ topic }) => topic));
  const brokers = await brokerTimes();
  const done: ExpiredTopic[] = [];
  for (const { topic, purpose } of outputs) {
    const state = states.get(topic);
    const age =
      state === undefined || purpose.publishedMs === undefined
        ? 0
        : expiryAgeMs(state.settings, purpose.publishedMs, brokers, expiryEveryMs);
    if (state === undefined || !(age > 0)) {
      const problem =
        state === undefined ? 'it does not exist' : '`lethe topics plan` says that it cannot keep its promise';
      done.push({ topic, expired: 0, renewed: 0, postponed: 0, upTo: null, problem });
      continue;
    }
    const upTo = now - age;
    const total = { expired: 0, renewed: 0, postponed: 0 };
    for (let partition = 0; partition < state.partitions; partition++) {
      const some = await expirePartition({ reader, topic, partition, upTo, writer, sleep });
      total.expired += some.expired;
      total.renewed += some.renewed;
      total.postponed += some.postponed;
    }
    const problem = total.postponed > 0 ? 'other transactions stayed open too long: run it again' : null;
    done.push({ topic, ...total, upTo, problem });
  }
  return done;
}
