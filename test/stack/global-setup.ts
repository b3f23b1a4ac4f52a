import type { TestProject } from 'vitest/node';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import type { SharedStack } from './shared-stack.ts';

/** Stacks of the whole run, which several projects share: a second project's setup finds those of the first. */
type Started = { readonly stacks: Promise<Stack>[]; users: number };
const KEY = Symbol.for('lethe.test.stacks');
const startedOf = (holder: { [KEY]?: Started }): Started => {
  holder[KEY] ??= { stacks: [], users: 0 };
  return holder[KEY];
};

const described = (stack: Stack): SharedStack => ({
  kafka: stack.kafka.endpoint,
  registry: stack.registry.endpoint,
  redis: stack.redis.endpoint,
  kafkaData: stack.kafka.dataDir ?? null,
  env: { ...stack.env },
});

/**
 * Starts a stack for every file that may run at a time, for the files that need one. A part that cannot be had fails the
 * run, here and under CI alike: a test that is skipped proves nothing. Tests that break a part start one of their own.
 */
export default async function startSharedStacks(project: TestProject): Promise<() => Promise<void>> {
  const started = startedOf(globalThis as { [KEY]?: Started });
  started.users += 1;
  const wanted = Number(project.config.maxWorkers);
  while (started.stacks.length < wanted) started.stacks.push(startStack({ docker: 'testcontainers' }));
  const stacks = await Promise.all(started.stacks.slice(0, wanted));
  project.provide('stacks', stacks.map(described));
  return async () => {
    started.users -= 1;
    if (started.users === 0) await Promise.all(started.stacks.splice(0).map(async (stack) => (await stack).stop()));
  };
}
