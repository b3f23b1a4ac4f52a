/** The network fails, by toxiproxy, and by a gate of our own where connections are half open. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { startKafkaGate } from '../kafka-gate.ts';
import type { Random } from '../random.ts';
import type { Direction, Proxy, Toxic } from '../toxiproxy.ts';

const BOTH: readonly Direction[] = ['upstream', 'downstream'];

/** Toxics for a while. */
async function poison(
  proxy: Proxy,
  toxic: Toxic,
  directions: readonly Direction[],
  milliseconds: number,
): Promise<void> {
  for (const direction of directions) await proxy.add(toxic, direction);
  await sleep(milliseconds);
  await proxy.heal();
}

async function resets(proxy: Proxy, random: Random): Promise<void> {
  for (let time = 0; time < 6; time++) {
    const toxic: Toxic = { type: 'reset_peer', attributes: { timeout: random.between(0, 200) } };
    await poison(proxy, toxic, ['downstream'], random.between(250, 900));
    await sleep(random.between(0, 1_200));
  }
}

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'kafka-reset',
    what: 'connections to the broker reset, six times',
    expected: 'connects again',
    happen: ({ world, random }) => resets(world.proxies.kafka, random),
  },
  {
    name: 'kafka-cut',
    what: 'connections to the broker end in the midst of an answer, six times',
    expected: 'connects again',
    happen: async ({ world, random }) => {
      for (let time = 0; time < 6; time++) {
        const toxic: Toxic = { type: 'limit_data', attributes: { bytes: random.between(100, 4_000) } };
        await poison(world.proxies.kafka, toxic, ['downstream'], random.between(300, 1_200));
        await sleep(random.between(0, 1_200));
      }
    },
  },
  {
    name: 'kafka-black-holed',
    what: 'nothing gets through to the broker or back for 4 to 20 s; sockets stay open',
    expected: 'waits, goes on',
    happen: ({ world, random }) =>
      poison(world.proxies.kafka, { type: 'timeout', attributes: { timeout: 0 } }, BOTH, random.between(4_000, 20_000)),
  },
  {
    name: 'kafka-one-way',
    what: 'requests get through to the broker, or its answers do; not both (4 to 20 s)',
    expected: 'waits, goes on',
    happen: async ({ world, random, note }) => {
      const direction = random.pick(BOTH);
      note(direction === 'upstream' ? 'requests lost' : 'answers lost');
      const toxic: Toxic = { type: 'timeout', attributes: { timeout: 0 } };
      await poison(world.proxies.kafka, toxic, [direction], random.between(4_000, 20_000));
    },
  },
  {
    name: 'kafka-half-open',
    what: "the broker's side of every connection is gone, and the worker never hears of it",
    expected: 'gives the connections up, connects again',
    happen: async ({ world, random, positions, note }) => {
      const gate = await startKafkaGate(world.behind.kafka);
      await world.proxies.kafka.to(gate.address);
      const before = positions();
      // The workers have found the new way.
      while (positions().some((next, partition) => next < (before[partition] ?? 0) + 20)) await sleep(100);
      await sleep(random.between(500, 1_500));
      note(`${gate.halfOpen()} connections`);
      // New ones work: the fault is in the old ones alone, and what has to be done is to give them up.
    },
    spoils: true,
  },
  {
    name: 'kafka-trickle',
    what: '1 to 4 KB a second to the broker and back, for 12 s',
    expected: 'goes on, slowly or not at all',
    happen: ({ world, random }) =>
      poison(world.proxies.kafka, { type: 'bandwidth', attributes: { rate: random.between(1, 5) } }, BOTH, 12_000),
  },
  {
    name: 'kafka-delayed',
    what: "the broker's answers come late, by 0.4 to 18 s: into the next transaction",
    expected: 'goes on, slowly or not at all',
    happen: async ({ world, random, note }) => {
      const latency = random.pick([400, 2_500, 7_000, 18_000]);
      note(`late by ${latency} ms`);
      const toxic: Toxic = { type: 'latency', attributes: { latency, jitter: latency / 4 } };
      await poison(world.proxies.kafka, toxic, ['downstream'], 6_000 + latency);
    },
  },
  {
    name: 'redis-reset',
    what: 'connections to Redis reset, six times',
    expected: 'connects again',
    happen: ({ world, random }) => resets(world.proxies.redis, random),
  },
  {
    name: 'redis-black-holed',
    what: 'nothing gets through to Redis or back for 4 to 9 s; sockets stay open',
    expected: 'pauses (`redis`)',
    withdrawsMeanwhile: false,
    happen: async ({ world, random, paused }) => {
      for (const direction of BOTH) {
        await world.proxies.redis.add({ type: 'timeout', attributes: { timeout: 0 } }, direction);
      }
      await paused('redis');
      await sleep(random.between(1_000, 5_000));
      await world.proxies.redis.heal();
    },
  },
];
