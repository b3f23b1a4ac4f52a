import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('stops the young generation from growing to the 128 MB that V8 would take', () => {
  // Much of what is allocated outlives collections, as in a batch.
  const script = `
    import v8 from 'node:v8';
    import { boundYoungGeneration } from './services/gateway/young-generation.main.ts';
    boundYoungGeneration();
    let [largest, held] = [0, []];
    for (let round = 0; round < 120; round++) {
      for (let i = 0; i < 100_000; i++) held.push({ i, of: [i] });
      if (held.length > 300_000) held = [];
      largest = Math.max(largest, v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
      // The observer is told between tasks.
      await new Promise(setImmediate);
    }
    process.stdout.write(String(largest / 2 ** 20));
  `;
  const largest = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(Number(largest)).toBeLessThanOrEqual(64);
}, 30_000);
