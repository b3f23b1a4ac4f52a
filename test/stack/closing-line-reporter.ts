import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/** What the closing line counts. A suite or file that could not run counts as one failure each. */
export type Count = { passed: number; failed: number };

export const countTests = (modules: readonly TestModule[], unhandledErrors: number): Count => {
  const count = { passed: 0, failed: unhandledErrors };
  for (const module of modules) {
    count.failed += module.errors().length;
    for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') count.passed += 1;
      if (state === 'failed') count.failed += 1;
    }
  }
  return count;
};

/** A red run never has a green line: whatever made it red counts as a failure if nothing else did. */
export const closingLine = (count: Count, exitCode: number): string => {
  const failed = count.failed === 0 && (exitCode !== 0 || count.passed === 0) ? 1 : count.failed;
  return `${count.passed} passed, ${failed} failed\n`;
};

/**
 * Ends stdout with `N passed, N failed` on a line of its own, for scripts. Written when the process exits and not when
 * the tests end: global teardown comes in between, may say something, and may fail.
 */
export class ClosingLineReporter implements Reporter {
  #count: Count = { passed: 0, failed: 0 };

  /** Not in a constructor: tools that only read the configuration make a reporter too. */
  onInit(): void {
    process.once('exit', (code) => {
      process.stdout.write(closingLine(this.#count, code));
    });
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    this.#count = countTests(modules, errors.length);
    if (reason === 'interrupted' && this.#count.failed === 0) this.#count.failed = 1;
  }
}
