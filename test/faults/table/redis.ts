/** Redis fails, or says what is not so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { redisSays, startRedis } from '../../../deploy/local/redis.ts';
import { createRunDir } from '../../../deploy/local/run-dir.ts';
import { until } from '../../stack/commands.ts';
import type { Fault } from '../fault.ts';
import type { Scene } from '../scene.ts';
import { startRedisTamper, TAMPERINGS, type Tampering } from '../redis-tamper.ts';

/** With a connection that was there before and outlives what the fault does to others. */
async function withRedis(scene: Scene, work: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(scene.world.redis.endpoint, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  try {
    await redis.ping();
    await work(redis);
  } finally {
    redis.disconnect();
  }
}

const port = (endpoint: string): number => Number(new URL(endpoint).port);

const TELL: Record<Tampering, { readonly name: string; readonly what: string }> = {
  'swap-values': { name: 'redis-values-swapped', what: 'two values of one reply change places' },
  'swap-replies': { name: 'redis-replies-swapped', what: 'two replies on a connection change places' },
  'cross-replies': { name: 'redis-replies-crossed', what: 'replies go to connections that asked for another thing' },
  garble: { name: 'redis-replies-garbled', what: 'a few letters of a value are overwritten by others' },
  cut: { name: 'redis-replies-cut', what: 'connections end in the midst of a reply' },
};

const tampered = (tampering: Tampering): Fault => ({
  ...TELL[tampering],
  what: `${TELL[tampering].what}, a third of the time, for 6 s or longer`,
  expected: 'notices, pauses (`redis`), goes on',
  withdrawsMeanwhile: false,
  happen: async ({ world, random, note }) => {
    const tamper = await startRedisTamper(world.behind.redis, tampering, random);
    await world.proxies.redis.to(tamper.address);
    await sleep(6_000);
    await until('it has struck five times', () => tamper.strikes() >= 5);
    await world.proxies.redis.to(world.behind.redis);
    note(`${tamper.strikes()} replies`);
    tamper.close();
  },
});

export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: 'redis-killed',
    what: 'kill -9 of Redis, started again after 2 to 6 s',
    expected: 'pauses (`redis`)',
    withdrawsMeanwhile: false,
    happen: async ({ world, random, paused }) => {
      await world.redis.kill();
      await paused('redis');
      await sleep(random.between(1_000, 5_000));
      await world.redis.start();
    },
  },
  {
    name: 'redis-stopped',
    what: 'SIGSTOP of Redis for 3 to 8 s: sockets stay open, nothing answers',
    expected: 'pauses (`redis`)',
    withdrawsMeanwhile: false,
    happen: async ({ world, random, paused }) => {
      await world.redis.pause();
      await paused('redis');
      await sleep(random.between(500, 5_000));
      await world.redis.resume();
    },
  },
  {
    name: 'redis-slow',
    what: 'every answer of Redis takes 5 s, for 12 s',
    expected: 'pauses (`redis`)',
    withdrawsMeanwhile: false,
    happen: async ({ world, paused }) => {
      await world.proxies.redis.add({ type: 'latency', attributes: { latency: 5_000 } }, 'downstream');
      await paused('redis');
      await sleep(10_000);
      await world.proxies.redis.heal();
    },
  },
  {
    name: 'redis-wrong-password',
    what: 'Redis asks for a password that Lethe does not have',
    expected: 'pauses (`redis`)',
    withdrawsMeanwhile: false,
    happen: async (scene) =>
      withRedis(scene, async (redis) => {
        await redis.config('SET', 'requirepass', 'not-what-lethe-has');
        await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await scene.paused('redis');
        await sleep(scene.random.between(1_000, 4_000));
        await redis.config('SET', 'requirepass', '');
      }),
  },
  {
    name: 'redis-out-of-memory',
    what: 'Redis is over maxmemory and refuses writes, so that the consent view is not kept up',
    expected: 'pauses (`consent_view`) once the view is too old',
    withdrawsMeanwhile: false,
    happen: async (scene) =>
      withRedis(scene, async (redis) => {
        await redis.config('SET', 'maxmemory-policy', 'noeviction');
        await redis.config('SET', 'maxmemory', '1');
        await scene.paused('consent_view', 30_000);
        await sleep(scene.random.between(500, 3_000));
        await redis.config('SET', 'maxmemory', '0');
      }),
  },
  {
    name: 'redis-loading',
    what: 'Redis killed and started again with so much data that it answers LOADING for a while',
    expected: 'pauses (`redis`)',
    withdrawsMeanwhile: false,
    happen: async ({ world, paused, note }) => {
      const fill = `for i=1,600000 do redis.call('SET','filler:'..i,'x') end`;
      const filler = new Redis(world.redis.endpoint);
      await filler.call('EVAL', fill, '0');
      filler.disconnect();
      await world.redis.kill();
      let loading = 0;
      const starting = world.redis.start();
      const ended = starting.then(() => true);
      for (let up = false; !up; up = await Promise.race([ended, sleep(20, false)])) {
        const said = await redisSays(port(world.redis.endpoint), 'PING').catch(() => '');
        if (said.startsWith('-LOADING')) loading++;
      }
      await starting;
      if (loading === 0) throw new Error('it never said LOADING');
      await paused('redis', 3_000).catch(() => undefined);
      note('LOADING was seen');
    },
    spoils: true,
  },
  {
    name: 'redis-stale-replica',
    what: 'Redis fails over to a replica that has not heard of a withdrawal',
    expected: 'pauses (`consent_view`) until the view is whole again',
    withdrawsMeanwhile: false,
    happen: async (scene) => {
      const { world } = scene;
      const runDir = createRunDir();
      const replica = await startRedis(runDir, () => undefined);
      scene.atEnd(async () => {
        await replica.kill();
        runDir.remove();
      });
      if (replica.dataDir !== undefined) scene.sinkDirectories.push(replica.dataDir);
      const say = (command: string): Promise<string> => redisSays(port(replica.endpoint), command);
      await say(`REPLICAOF 127.0.0.1 ${port(world.redis.endpoint)}`);
      await until('the replica is in step', async () =>
        (await say('INFO replication')).includes('master_link_status:up'),
      );
      await until('it has the consents', async () => (await say('EXISTS lethe:consent:watermark')).startsWith(':1'));
      await replica.pause();
      await scene.withdraw();
      // So that some partition has been decided about under the newer view.
      await sleep(1_500);
      await world.redis.kill();
      await replica.resume();
      await say('REPLICAOF NO ONE');
      await world.proxies.redis.to(new URL(replica.endpoint).host);
    },
    spoils: true,
  },
  ...TAMPERINGS.map(tampered),
];
