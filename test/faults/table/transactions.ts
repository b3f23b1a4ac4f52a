/** Workers die, sleep and meet others in the midst of transactions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isReady } from '../../stack/workbench.ts';
import type { Fault } from '../fault.ts';
import { startKafkaGate, type Step, STEPS } from '../kafka-gate.ts';
import { moment, PARTITIONS } from '../scene.ts';

const SHORT_SESSION = { LETHE_SESSION_TIMEOUT: 'PT3S' };

const killedAt = (step: Step): Fault => ({
  name: `kill-at-${step}`,
  what: `kill -9 of a worker when it asks for ${step}: before the broker has heard of it, then before its answer is heard`,
  expected: 'another worker takes over',
  workers: 1,
  settings: SHORT_SESSION,
  happen: async ({ world, random, workers, worker, note }) => {
    const gate = await startKafkaGate(world.behind.kafka);
    await world.proxies.kafka.to(gate.address);
    for (const when of ['before', 'after'] as const) {
      await sleep(1_000);
      const [victim] = workers();
      if (victim === undefined) throw new Error('no worker lives');
      // A lane asks for its producer's id once, when it is opened: a worker that has just come does.
      const skip = step === 'init-producer-id' ? random.between(0, PARTITIONS) : random.between(0, 25);
      const stopped = gate.stopAt(step, when, skip);
      let dying = victim;
      if (step === 'init-producer-id') {
        await victim.kill();
        dying = await worker();
      }
      const late = await Promise.race([stopped.then(() => false), sleep(40_000, true)]);
      if (late) throw new Error(`no ${step} came by`);
      await dying.kill();
      await isReady(await worker());
    }
    await world.proxies.kafka.to(world.behind.kafka);
    gate.close();
    note('2 kills');
  },
});

export const TRANSACTION_FAULTS: readonly Fault[] = [
  ...(Object.keys(STEPS) as Step[]).map(killedAt),
  {
    name: 'kill-at-random',
    what: 'kill -9 of one of two workers, four times, at moments of chance',
    expected: 'the other takes over',
    settings: SHORT_SESSION,
    happen: async ({ random, workers, worker }) => {
      for (let kill = 0; kill < 4; kill++) {
        await moment(random, 200, 2_000);
        await random.pick(workers()).kill();
        await isReady(await worker());
      }
    },
  },
  {
    name: 'zombie',
    what: 'SIGSTOP of a worker until its session has run out and another has its partitions, then SIGCONT; twice',
    expected: 'is fenced, joins again',
    settings: SHORT_SESSION,
    happen: async ({ random, workers }) => {
      for (let time = 0; time < 2; time++) {
        const { pid } = random.pick(workers());
        await moment(random, 0, 1_000);
        process.kill(pid, 'SIGSTOP');
        await moment(random, 5_000, 8_000);
        process.kill(pid, 'SIGCONT');
        await moment(random, 1_000, 3_000);
      }
    },
  },
  {
    name: 'foreign-transactional-id',
    what: "another process opens producers with the workers' transactional ids, and transactions that it leaves open",
    expected: 'is fenced, takes the partition up again',
    happen: async ({ world, random, groupId, topic, outputs, log }) => {
      for (let time = 0; time < 5; time++) {
        const partition = random.between(0, PARTITIONS);
        const producer = world.client.producer({
          transactionalId: `${groupId}.${topic}.${partition}`,
          maxInFlightRequests: 1,
          retry: { retries: 2, initialRetryTime: 50 },
          createPartitioner:
            () =>
            ({ message }) =>
              message.partition ?? 0,
        });
        await producer.connect();
        // Whoever is fenced in between has lost: that is the point.
        const open = await producer.transaction().catch(() => null);
        const message = { partition, value: 'of somebody else' };
        await open?.send({ topic: outputs.analytics, messages: [message] }).catch(() => undefined);
        await moment(random, 100, 900);
        await producer.disconnect();
      }
      if (!/fenced|took this partition over/i.test(log())) throw new Error('no worker noticed');
    },
  },
  {
    name: 'joining-and-leaving',
    what: 'workers start, end and are killed, one every 2 s, for 20 s',
    expected: 'the group shares the partitions anew each time',
    settings: SHORT_SESSION,
    happen: async ({ random, workers, worker, note }) => {
      for (let change = 0; change < 10; change++) {
        const living = workers();
        if (living.length < 2 || (living.length < 4 && random.chance(0.5))) await worker();
        else if (random.chance(0.5)) await random.pick(living).kill();
        else void random.pick(living).stop();
        await sleep(2_000);
      }
      await Promise.all(workers().map(isReady));
      note(`${workers().length} workers at the end`);
    },
  },
];
