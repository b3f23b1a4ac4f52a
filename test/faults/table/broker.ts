/** Faults of the broker. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

export const BROKER_FAULTS: readonly Fault[] = [
  {
    name: 'broker-stopped',
    what: 'SIGSTOP of the broker for 3 to 9 s: sockets stay open, nothing answers',
    expected: 'waits, goes on',
    happen: async ({ world, random }) => {
      await world.kafka.pause();
      await sleep(random.between(3_000, 9_000));
      await world.kafka.resume();
    },
  },
];
