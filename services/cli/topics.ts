/** `lethe topics plan` and `apply`: what topics must be like for Kafka's own deletion to keep what purposes promise. */
import type { CompiledBundle } from '../core/policy/plan.ts';
import { type BrokerTimes, EXPIRY_EVERY_MS, type TopicSettings } from '../core/retention/stay.ts';
import { planOutput, planOwn, type TopicPlan, type TopicState } from '../core/retention/topic-plan.ts';

export type OwnTopicSpec = {
  readonly name: string;
  readonly partitions: number;
  readonly config: TopicSettings;
};

export type TopicsPort = {
  readonly describe: (names: readonly string[]) => Promise<ReadonlyMap<string, TopicState>>;
  readonly brokerTimes: () => Promise<BrokerTimes>;
  /** Null, or why not. */
  readonly create: (topic: OwnTopicSpec) => Promise<string | null>;
  /** Null, or why not. */
  readonly alter: (topic: string, changes: TopicSettings) => Promise<string | null>;
};

export type TopicsPlan = { readonly brokers: BrokerTimes; readonly topics: readonly TopicPlan[] };

/** Reads only. Outputs in the order of the configuration, then Lethe's own topics. */
export async function planTopics(
  compiled: CompiledBundle,
  own: readonly OwnTopicSpec[],
  port: TopicsPort,
  expiryEveryMs: number,
): Promise<TopicsPlan> {
  const { routes } = compiled;
  const names = routes.flatMap(({ topic, plan }) => [topic, ...plan.outputs.map((output) => output.topic)]);
  const states = await port.describe([...names, ...own.map(({ name }) => name)]);
  const brokers = await port.brokerTimes();
  const outputs = routes.flatMap(({ topic, plan }) =>
    plan.outputs.map((output) =>
      planOutput(output, states.get(output.topic) ?? null, states.get(topic)?.partitions ?? -1, brokers, expiryEveryMs),
    ),
  );
  const others = own.map((spec) => planOwn(spec, states.get(spec.name) ?? null));
  return { brokers, topics: [...outputs, ...others] };
}

/** Whether every promise is kept by what is there; topics that are yet to be made break none. */
export function holds({ topics }: TopicsPlan): boolean {
  return topics.every(({ verdict }) => verdict === 'holds' || verdict === 'missing');
}

/**
 * For `push`: outputs that exist and keep values longer than their purpose promises, a warning each. What a purpose does
 * not promise (no `published`) is `plan`'s to tell.
 */
export async function keptTooLong(compiled: CompiledBundle, port: TopicsPort): Promise<readonly string[]> {
  const promising = compiled.routes.some(({ plan }) =>
    plan.outputs.some(({ purpose }) => purpose.publishedMs !== undefined),
  );
  if (!promising) return [];
  const { topics } = await planTopics(compiled, [], port, EXPIRY_EVERY_MS);
  return topics
    .filter(({ stayAfter, verdict }) => stayAfter !== null && (verdict === 'change' || verdict === 'fails'))
    .map(
      ({ topic, purpose }) =>
        `WARNING: ${topic} keeps values longer than purpose ${purpose} promises; "lethe topics plan" says what to change.`,
    );
}

export type Applied = {
  readonly topic: string;
  readonly what: 'created' | 'changed' | 'refused' | 'needs --yes';
  /** Of what was refused: why; of what needs --yes: the settings. */
  readonly why: string | null;
};

/**
 * Makes what is missing and changes what differs. What lets Kafka delete records that it keeps now is done only where
 * `yes`; then nothing else of that topic is changed either: half a promise is none.
 */
export async function applyTopics({ topics }: TopicsPlan, port: TopicsPort, yes: boolean): Promise<readonly Applied[]> {
  const done: Applied[] = [];
  for (const { topic, verdict, changes, partitions } of topics) {
    const settings = Object.fromEntries(changes.map(({ setting, wanted }) => [setting, wanted]));
    if (verdict === 'missing') {
      const why = await port.create({ name: topic, partitions, config: settings });
      done.push({ topic, what: why === null ? 'created' : 'refused', why });
    } else if (verdict === 'change') {
      const deleting = changes.filter((change) => change.deletes);
      if (deleting.length > 0 && !yes) {
        const why = deleting.map(({ setting, now, wanted }) => `${setting} ${now} → ${wanted}`).join(', ');
        done.push({ topic, what: 'needs --yes', why });
        continue;
      }
      const why = await port.alter(topic, settings);
      done.push({ topic, what: why === null ? 'changed' : 'refused', why });
    }
  }
  return done;
}
