import type { TestProject } from 'vitest/node';
import { startStack } from '../../deploy/local/stack.ts';

/** Endpoints of the stack that the whole run shares; `inject('stack')` in a test gives them. */
export type SharedStack = {
  readonly kafka: string;
  readonly registry: string;
  readonly redis: string;
  /** Where the broker keeps its logs; null where it is none of ours. */
  readonly kafkaData: string | null;
  /** The same three as settings, to be laid over a child process's environment. */
  readonly env: Record<string, string>;
};

declare module 'vitest' {
  interface ProvidedContext {
    stack: SharedStack;
  }
}

/**
 * Starts the stack once for the test files that need it. A part that cannot be had fails the run, here and under CI
 * alike: a test that is skipped proves nothing. Tests that break a part start one of their own.
 */
export default async function startSharedStack(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack({ docker: 'testcontainers' });
  project.provide('stack', {
    kafka: stack.kafka.endpoint,
    registry: stack.registry.endpoint,
    redis: stack.redis.endpoint,
    kafkaData: stack.kafka.dataDir ?? null,
    env: { ...stack.env },
  });
  return stack.stop;
}
