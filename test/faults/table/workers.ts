/** Workers on bad machines: too little memory, a wrong clock. */
import { globSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureTools } from '../../../deploy/local/tools.ts';
import { isReady } from '../../stack/workbench.ts';
import type { Fault } from '../fault.ts';
import type { Settings } from '../scene.ts';
import { liveRecord, usual } from '../traffic.ts';

/** Settings under which a process takes it for another day: libfaketime, with the monotonic clock left as it is. */
async function daysAway(days: '+1d' | '-1d'): Promise<Settings> {
  await ensureTools(['faketime'], () => undefined);
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
  if (library === undefined) throw new Error('libfaketime is not where Debian puts it');
  return { LD_PRELOAD: library, FAKETIME: days, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

const clock = (name: string, days: '+1d' | '-1d', what: string): Fault => ({
  name,
  what,
  expected: 'pauses (`consent_view`): nobody can tell how old a consent is',
  workers: 1,
  happen: async ({ random, workers, worker, paused, note }) => {
    const settings = await daysAway(days);
    const wrong = await worker(settings);
    await paused('consent_view', 30_000);
    const right = workers().filter((one) => one !== wrong);
    // Alone, it has every partition, and all wait.
    for (const one of right) await one.stop();
    await sleep(random.between(2_000, 5_000));
    await paused('consent_view');
    await wrong.stop();
    note('libfaketime');
    await isReady(await worker());
  },
});

/** Of workers that are to die, megabytes: the last of it at once, the others perhaps in the midst of a batch. */
const HEAPS = [32, 28, 22];

export const WORKER_FAULTS: readonly Fault[] = [
  {
    name: 'out-of-memory',
    what: 'workers with heaps of 32, 28 and 22 MB get records of 100 KB in large batches and die of it',
    expected: 'the other worker takes over',
    workers: 1,
    settings: { LETHE_SESSION_TIMEOUT: 'PT3S', LETHE_BATCH_BYTES: '4194304' },
    happen: async ({ worker, workers, makeRecords, note }) => {
      const large = 'x'.repeat(100_000);
      makeRecords((id, subject, chance) =>
        chance.chance(0.3) ? liveRecord(id, subject, large) : usual(id, subject, chance),
      );
      let died = 0;
      for (const megabytes of HEAPS) {
        const small = await worker({ NODE_OPTIONS: `--max-old-space-size=${megabytes}` });
        const code = await Promise.race([small.ended, sleep(15_000, 'alive' as const)]);
        if (code === 'alive') await small.kill();
        else died++;
      }
      makeRecords(null);
      if (died === 0) throw new Error('it never died');
      if (workers().length !== 1) throw new Error('the other worker died too');
      note(`died ${died} times of ${HEAPS.length}`);
    },
  },
  clock('clock-ahead', '+1d', "a worker's clock is a day ahead"),
  clock('clock-behind', '-1d', "a worker's clock is a day behind"),
];
