import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './stack/closing-line-reporter.ts';

const root = new URL('..', import.meta.url).pathname;

/**
 * `unit` needs nothing but node. `real` needs Kafka, a registry and Redis, which its global setup starts; its files run
 * one after another, since they share them and the machine's cores. A test file anywhere else would run in neither:
 * test/unit/test-layout.test.ts sees to that.
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
        },
      },
      {
        // The command line as its users see it: processes, but no servers.
        test: {
          name: 'acceptance',
          root,
          include: ['test/acceptance/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'real',
          root,
          include: [
            'test/contract-real/**/*.test.ts',
            'test/integration/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            'test/faults/**/*.test.ts',
          ],
          globalSetup: ['test/stack/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
