/** One fault, from the first record to the checker's word. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../stack/commands.ts';
import { type Breach, check } from './checker.ts';
import type { Evidence, Sink, SubjectWord } from './evidence.ts';
import type { Fault } from './fault.ts';
import { seeded } from './random.ts';
import { AUDIT, brokerFiles, DEAD_LETTERS, filesUnder } from './referee.ts';
import { moment, PARTITIONS, type Scene, startScene } from './scene.ts';
import type { World } from './world.ts';

export type Outcome = {
  readonly fault: string;
  readonly seed: number;
  readonly breaches: readonly Breach[];
  /** What went wrong before the checker could look; null where nothing did. */
  readonly error: string | null;
  /** Of all partitions the longest from the end of the fault to the next commit, seconds; null: not known. */
  readonly progressSeconds: number | null;
  /** Raw records decided about. */
  readonly records: number;
  readonly notes: readonly string[];
  /** Of the machine, over the last minute. */
  readonly load: number;
  readonly seconds: number;
};

export const holds = ({ breaches, error }: Outcome): boolean => breaches.length === 0 && error === null;

/** So long nothing may happen before it is given up that anything will. */
const STALLED_MS = 60_000;

/**
 * Puts one fault to a world. Never throws: what goes wrong is part of the outcome.
 *
 * @param long outages as long as issue 6 says, instead of shorter ones
 */
export async function runFault(world: World, fault: Fault, seed: number, long = false): Promise<Outcome> {
  const began = Date.now();
  const random = seeded(seed, fault.name);
  // Its own topics and subjects every time, so that a fault can be put to the same world twice.
  const name = `${fault.name}-${began.toString(36)}`;
  const outcome = (more: Partial<Outcome>): Outcome => ({
    ...{ fault: fault.name, seed, breaches: [], error: null, progressSeconds: null, records: 0, notes: [] },
    load: loadavg()[0] ?? 0,
    seconds: (Date.now() - began) / 1000,
    ...more,
  });
  let scene: Scene | null = null;
  try {
    const make = await fault.prepare?.({ world, random, name, topic: `raw.${name}` });
    scene = await startScene(world, {
      ...{ name, random, workers: fault.workers ?? 2, settings: fault.settings ?? {}, rate: fault.rate ?? 60 },
      format: fault.format ?? 'json',
      long,
      ...(fault.body === undefined ? {} : { body: fault.body(name) }),
      ...(make === undefined ? {} : { make }),
    });
    const evidence = await course(scene, fault);
    const known = evidence.progress.filter((seconds) => seconds !== null);
    return outcome({
      breaches: check(evidence),
      progressSeconds: known.length === 0 ? null : Math.max(...known),
      records: evidence.raw.length,
      notes: scene.notes,
    });
  } catch (error) {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return outcome({ error: said, notes: scene?.notes ?? [] });
  } finally {
    await scene?.end();
  }
}

async function course(scene: Scene, fault: Fault): Promise<Evidence> {
  const { world, random } = scene;
  await until('all partitions flow', () => scene.positions().every((next) => next > 20), 60_000);
  await scene.withdraw();
  await moment(random, 0, 1_000);
  const meanwhile = fault.withdrawsMeanwhile === false ? Promise.resolve() : scene.withdraw().catch(() => undefined);
  await fault.happen(scene);
  const healed = Date.now();
  const progress = await progressAfter(scene, healed);
  await meanwhile;
  await scene.withdraw();
  await sleep(500);
  await scene.traffic.stop();
  const raw = await scene.referee.raw(scene.topic);
  const ends = Array.from({ length: PARTITIONS }, (_, partition) =>
    Math.max(0, ...raw.filter((one) => one.partition === partition).map(({ offset }) => offset + 1)),
  );
  await caughtUp(scene, ends);

  const living = scene.workers();
  const metrics = await Promise.all(living.map(({ port }) => textOf(`http://127.0.0.1:${port}/metrics`)));
  const codes = await Promise.all(living.map((worker) => worker.stop()));
  if (living.length === 0 || codes.some((code) => code !== 0)) {
    throw new Error(`workers ended with ${codes.join(', ') || 'nobody left'}\n${scene.log().slice(-3_000)}`);
  }
  const outputs = [scene.outputs.analytics, scene.outputs.fraud];
  const unreadableSentinels = await scene.referee.sentinels(
    new Map([...outputs.map((topic) => [topic, PARTITIONS] as const), [AUDIT, 1], [DEAD_LETTERS, 1]]),
    scene.name,
  );
  return {
    topic: scene.topic,
    raw,
    deletedUpTo: scene.deletedUpTo,
    outputs: [
      { topic: outputs[0]!, kind: 'analytics', records: await scene.referee.published(outputs[0]!) },
      { topic: outputs[1]!, kind: 'fraud', records: await scene.referee.published(outputs[1]!) },
    ],
    segments: await scene.segments(),
    deadLetters: await scene.referee.deadLetters(scene.topic),
    subjects: await subjectsOf(scene),
    sinks: sinksOf(scene, world, metrics),
    unreadableSentinels,
    progress,
  };
}

/** Waits until every raw record is decided about, or nothing moves any more: the checker will tell what is missing. */
async function caughtUp({ positions }: Scene, ends: readonly number[]): Promise<void> {
  const left = (): number =>
    ends.reduce((sum, end, partition) => sum + Math.max(0, end - (positions()[partition] ?? 0)), 0);
  for (let before = left(), since = Date.now(); before > 0 && Date.now() - since < STALLED_MS; ) {
    await sleep(200);
    const now = left();
    if (now < before) since = Date.now();
    before = now;
  }
}

/** Seconds until each partition has moved on from where it stood when the fault ended. */
async function progressAfter(scene: Scene, healed: number): Promise<(number | null)[]> {
  const before = scene.positions();
  const seconds: (number | null)[] = before.map(() => null);
  await until(
    'every partition goes on',
    () => {
      for (const [partition, next] of scene.positions().entries()) {
        if (next > (before[partition] ?? 0)) seconds[partition] ??= (Date.now() - healed) / 1000;
      }
      return seconds.every((one) => one !== null);
    },
    STALLED_MS,
  ).catch(() => undefined);
  return seconds;
}

async function subjectsOf(scene: Scene): Promise<Map<string, SubjectWord>> {
  const withdrawn = [...scene.subjects()].filter(([, { acknowledgedAt }]) => acknowledgedAt !== undefined);
  const places = await scene.referee.withdrawals([...scene.subjects().keys()]);
  return new Map(
    [...scene.subjects()].map(([subject, { analytics, fraud }]) => {
      const feed = places.get(subject);
      if (feed === undefined) return [subject, { analytics, fraud }];
      const acknowledgedAt = withdrawn.find(([one]) => one === subject)?.[1].acknowledgedAt ?? [];
      return [subject, { analytics, fraud, withdrawal: { feed, acknowledgedAt } }];
    }),
  );
}

function* sinksOf(scene: Scene, world: World, metrics: readonly string[]): Generator<Sink> {
  yield { name: 'the workers', bytes: Buffer.from(scene.log()) };
  yield { name: 'the consent plane', bytes: readFileSync(world.controlLog) };
  for (const text of metrics) yield { name: 'metrics', bytes: Buffer.from(text) };
  if (world.kafka.dataDir !== undefined) yield* brokerFiles(world.kafka.dataDir, scene.name);
  for (const directory of scene.sinkDirectories) yield* filesUnder(directory, 'a part of the fault:');
  if (world.redis.dataDir !== undefined) yield* filesUnder(world.redis.dataDir, "Redis'");
}

const textOf = (url: string): Promise<string> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.text(),
    () => '',
  );
