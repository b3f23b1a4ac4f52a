import { inject } from 'vitest';

/** Endpoints of a stack that test files use one after another. */
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
    /** One for each file that may run at a time. */
    stacks: readonly SharedStack[];
  }
}

/** The stack of this file. No other file uses it meanwhile: each of the files that run at a time has one to itself. */
export const sharedStack = (): SharedStack => {
  const stacks = inject('stacks');
  const stack = stacks[Number(process.env['VITEST_POOL_ID']) - 1];
  if (!stack) throw new Error(`no stack for worker ${process.env['VITEST_POOL_ID']} of ${stacks.length}`);
  return stack;
};
