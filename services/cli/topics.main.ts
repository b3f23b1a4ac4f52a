import { makeKafka } from '../adapters/kafka/client.ts';
import { connectAdmin, disconnectAdmin } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { OWN_TOPICS } from '../gateway/topics.ts';
import type { TopicsOptions } from './commands/topics.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { everyOption } from './every-option.ts';
import { commandSettings } from './settings.main.ts';
import { topicsPortOf } from './topics-port.main.ts';
import { appliedAsText, planAsJson, planAsText } from './topics-text.ts';
import { applyTopics, holds, planTopics, type TopicsPlan, type TopicsPort } from './topics.ts';

/** `lethe topics plan DIR`: exit 1 where what is there breaks a promise, or nothing could keep it. */
export async function topicsPlan(dir: string, options: TopicsOptions): Promise<number> {
  return withTopics(dir, options, async (plan) => {
    process.stdout.write(options.format === 'json' ? planAsJson(plan) : planAsText(plan));
    return holds(plan) ? EXIT.ok : EXIT.findings;
  });
}

/** `lethe topics apply DIR`: what it did on stderr, then the plan as it is after that on stdout. */
export async function topicsApply(dir: string, options: TopicsOptions & { readonly yes?: true }): Promise<number> {
  return withTopics(dir, options, async (plan, port, again) => {
    const applied = await applyTopics(plan, port, options.yes === true);
    process.stderr.write(appliedAsText(applied));
    const after = await again();
    process.stdout.write(options.format === 'json' ? planAsJson(after) : planAsText(after));
    // What was refused may have been made or changed by somebody else meanwhile: what is there counts.
    return after.topics.every(({ verdict }) => verdict === 'holds') ? EXIT.ok : EXIT.findings;
  });
}

async function withTopics(
  dir: string,
  options: TopicsOptions,
  use: (plan: TopicsPlan, port: TopicsPort, again: () => Promise<TopicsPlan>) => Promise<number>,
): Promise<number> {
  silenceNegativeTimeoutWarning();
  const every = everyOption(options.expiryEvery);
  const { compiled } = await usableConfiguration(dir);
  const { kafka: settings } = commandSettings(options, ['kafka']);
  const { brokers } = settings;
  const admin = makeKafka(settings, kafkajsLogCreator(makeLog('silent'))).admin({ retry: { retries: 2 } });
  try {
    await connectAdmin(admin, brokers);
    const port = topicsPortOf(admin, brokers);
    const again = (): Promise<TopicsPlan> => planTopics(compiled, OWN_TOPICS, port, every);
    return await use(await again(), port, again);
  } finally {
    await disconnectAdmin(admin);
  }
}
