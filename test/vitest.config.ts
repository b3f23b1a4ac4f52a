import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './stack/closing-line-reporter.ts';

const root = new URL('..', import.meta.url).pathname;

/** Vitest leaves a core free, which of two is half the machine. */
const ALL_CORES = availableParallelism();

/** Files on real parts that run at a time, a stack each. Two would be in each other's way on servers that were given. */
const given = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'REDIS_URL'].some((name) => process.env[name]);
const AT_A_TIME = given ? 1 : 2;

/** They measure times, or break things for as long as a bound allows: alone, so that what they see is Lethe's doing. */
const TIMED = ['test/faults/**/*.test.ts', 'test/e2e/withdrawal.test.ts', 'test/e2e/rolling-restart.test.ts'];

/**
 * `unit` needs nothing but node. `real` and `timed` need Kafka, a registry and Redis, which their global setup starts. A
 * test file anywhere else would run in none of them: test/unit/test-layout.test.ts sees to that.
 */
export default defineConfig({
  test: {
    root,
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts'],
          maxWorkers: ALL_CORES,
        },
      },
      {
        // The command line as its users see it: processes, but no servers.
        test: {
          name: 'acceptance',
          root,
          include: ['test/acceptance/**/*.test.ts'],
          maxWorkers: ALL_CORES,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Most of their time is waiting.
        test: {
          name: 'real',
          root,
          include: ['test/contract-real/**/*.test.ts', 'test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          exclude: TIMED,
          globalSetup: ['test/stack/global-setup.ts'],
          maxWorkers: AT_A_TIME,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'timed',
          root,
          include: TIMED,
          globalSetup: ['test/stack/global-setup.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
