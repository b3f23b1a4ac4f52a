/** The broker fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

export const BROKER_FAULTS: readonly Fault[] = [
  {
    name: 'broker-stopped',
    what: 'SIGSTOP of the broker for 3 to 9 s: sockets stay open, nothing answers',
    expected: 'waits, goes on',
    withdrawsMeanwhile: false,
    happen: async ({ world, random }) => {
      await world.kafka.pause();
      await sleep(random.between(3_000, 9_000));
      await world.kafka.resume();
    },
  },
  {
    name: 'broker-killed',
    what: 'kill -9 of the broker, three times, started again after up to 4 s',
    expected: 'waits, goes on',
    withdrawsMeanwhile: false,
    happen: async ({ world, random, positions }) => {
      for (let kill = 0; kill < 3; kill++) {
        await world.kafka.kill();
        await sleep(random.between(100, 4_000));
        await world.kafka.start();
        if (kill < 2) await moved(positions, random.between(200, 2_000));
      }
    },
  },
  {
    name: 'broker-down',
    what: 'the broker ended, gone for 20 s (60 s with --long)',
    expected: 'lives on and waits, goes on',
    withdrawsMeanwhile: false,
    happen: async ({ world, long, workers, note }) => {
      const before = workers().length;
      await world.kafka.stop();
      await sleep(long ? 60_000 : 20_000);
      if (workers().length !== before) throw new Error('a worker ended of it');
      await world.kafka.start();
      note(long ? 'down 60 s' : 'down 20 s');
    },
  },
];

/** Waits until something was committed, then so many milliseconds more. */
async function moved(positions: () => number[], milliseconds: number): Promise<void> {
  const before = positions();
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline && positions().every((next, partition) => next <= (before[partition] ?? 0))) {
    await sleep(100);
  }
  await sleep(milliseconds);
}
