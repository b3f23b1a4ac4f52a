/** One fault's scene in a world: a route, topics and a group of its own, subjects, workers, and records that flow. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lethe, type RunningWorker, samples, startWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import type { AuditSegment } from '../../services/core/audit/segment.ts';
import { until } from '../stack/commands.ts';
import { FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { isReady } from '../stack/workbench.ts';
import { CANARY } from './checker.ts';
import type { SubjectWord } from './evidence.ts';
import type { Random } from './random.ts';
import { makeReferee, type Referee } from './referee.ts';
import { type Make, startTraffic, type Traffic, usual } from './traffic.ts';
import type { World } from './world.ts';

export const PARTITIONS = 3;
const SUBJECTS = 40;
/** Small, so that there is always a transaction under way. */
const BATCH_BYTES = '4096';

export type Settings = Readonly<Record<string, string>>;

export type SceneOptions = {
  /** In topics, the group and subjects: letters, digits and hyphens. */
  readonly name: string;
  readonly random: Random;
  /** Workers at the start. */
  readonly workers: number;
  /** Of the workers, over those of the world. */
  readonly settings: Settings;
  /** Records a second. */
  readonly rate: number;
  readonly format: 'json' | 'avro';
  /** YAML of the policy after `from`. */
  readonly body?: string;
  readonly make?: Make;
  readonly long: boolean;
};

export type Scene = {
  readonly world: World;
  readonly name: string;
  readonly random: Random;
  readonly referee: Referee;
  readonly topic: string;
  readonly outputs: { readonly analytics: string; readonly fraud: string };
  readonly groupId: string;
  /** Those that were started and have not ended, oldest first. */
  readonly workers: () => RunningWorker[];
  /** Starts one more; `isReady` tells when it is in the group. */
  readonly worker: (settings?: Settings) => Promise<RunningWorker>;
  /** Withdraws the consent of one more subject and resolves when that is acknowledged. */
  readonly withdraw: () => Promise<void>;
  readonly subjects: () => ReadonlyMap<string, SubjectWord & { acknowledgedAt?: readonly number[] }>;
  readonly traffic: Traffic;
  /** All audit segments of the scene; to be asked when nothing flows any more. */
  readonly segments: () => Promise<AuditSegment[]>;
  /** Per partition the offset after the last that was decided about. */
  readonly positions: () => number[];
  /** Waits until a living worker says that partitions wait for this cause. */
  readonly paused: (cause: string, withinMs?: number) => Promise<void>;
  /** What the workers and the consent plane wrote. */
  readonly log: () => string;
  /** A word for the result table: what was seen. */
  readonly note: (text: string) => void;
  readonly notes: readonly string[];
  /** Directories of parts that a fault started, which hold no raw value either. */
  readonly sinkDirectories: string[];
  /** Makes records in another way from now on; null: in the usual way. */
  readonly makeRecords: (make: Make | null) => void;
  /** Whether the outages of issue 6 are to take as long as it says. */
  readonly long: boolean;
  /** Offsets deleted on purpose, by partition. */
  readonly deletedUpTo: number[];
  /** What is to be done when the scene ends. */
  readonly atEnd: (work: () => Promise<void>) => void;
  readonly end: () => Promise<void>;
};

/** A moment of the seed's choice, in milliseconds. */
export const moment = (random: Random, from: number, to: number): Promise<void> => sleep(random.between(from, to));

export async function startScene(world: World, options: SceneOptions): Promise<Scene> {
  const { name, random } = options;
  const topic = `raw.${name}`;
  const outputs = { analytics: `clean.${name}.a`, fraud: `clean.${name}.f` };
  const groupId = `lethe-${name}`;
  const env = { ...world.env, LETHE_GROUP_ID: groupId, LETHE_BATCH_BYTES: BATCH_BYTES, ...options.settings };
  const referee = makeReferee(world.kafka.endpoint, world.env['LETHE_KEYS_FILE'] ?? '');
  const logFile = join(world.dir, `${name}.log`);
  writeFileSync(logFile, '');

  await createTopics(world.admin, [topic], PARTITIONS);
  const config = writeConfig(join(world.dir, 'config', name), [
    { name, format: options.format, body: options.body ?? FIELDS + outputsOf(name) },
  ]);
  await lethe(['push', config], world.direct);
  await world.control();
  const auditFrom = await referee.auditEnd();

  const subjects = new Map<string, SubjectWord & { acknowledgedAt?: readonly number[] }>();
  const turning: string[] = [];
  const lines: string[] = [];
  const say = (subject: string, purpose: string, decision: string, at: string): string =>
    JSON.stringify({ subject, purpose, decision, at, method: 'explicit' });
  for (let index = 0; index < SUBJECTS; index++) {
    const subject = `${CANARY}-${name}-${index}`;
    const kind = index % 4;
    const analytics = kind === 1 ? 'nothing' : 'granted';
    const fraud = kind === 3 ? 'objected' : 'nothing';
    subjects.set(subject, { analytics, fraud });
    if (analytics === 'granted') lines.push(say(subject, 'analytics', 'granted', '2025-01-01T00:00:00Z'));
    if (fraud === 'objected') lines.push(say(subject, 'fraud', 'objected', '2025-01-01T00:00:00Z'));
    if (kind === 2) turning.push(subject);
  }
  const tell = async (events: readonly string[], file: string): Promise<void> => {
    const path = join(world.dir, `${name}-${file}.jsonl`);
    writeFileSync(path, `${events.join('\n')}\n`);
    await lethe(['consent', 'import', path], world.direct);
  };
  await tell(lines, 'consents');

  const living = new Set<RunningWorker>();
  const worker = async (settings: Settings = {}): Promise<RunningWorker> => {
    const [port = 0] = await freePorts(1);
    const started = startWorker(port, { ...env, ...settings }, logFile);
    living.add(started);
    void started.ended.then(() => living.delete(started));
    return started;
  };
  let unfollow = (): void => undefined;
  const end = async (): Promise<void> => {
    unfollow();
    await Promise.all([...living].map((one) => one.kill()));
  };
  try {
    await Promise.all(Array.from({ length: options.workers }, () => worker()));
    await Promise.all([...living].map(isReady));
    let make = options.make ?? usual;
    const traffic = await startTraffic({
      ...{ client: world.client, topic, partitions: PARTITIONS, random, rate: options.rate },
      subjects: [...subjects.keys()],
      make: (id, subject, chance) => make(id, subject, chance),
    });
    const positions = Array.from({ length: PARTITIONS }, () => 0);
    unfollow = referee.follow(topic, auditFrom, ({ partition, lastOffset }) => {
      positions[partition] = lastOffset + 1;
    });
    const notes: string[] = [];
    const last: (() => Promise<void>)[] = [];
    return {
      ...{ world, name, random, referee, topic, outputs, groupId, worker, traffic, notes },
      workers: () => [...living],
      withdraw: async () => {
        const subject = turning.shift();
        if (subject === undefined) throw new Error('all have withdrawn');
        await tell([say(subject, 'analytics', 'withdrawn', '2025-02-01T00:00:00Z')], `withdrawal-${turning.length}`);
        const ends = await world.admin.fetchTopicOffsets(topic);
        const acknowledgedAt = Array.from({ length: PARTITIONS }, (_, partition) =>
          Number(ends.find((one) => one.partition === partition)?.high ?? 0),
        );
        subjects.set(subject, { analytics: 'granted', fraud: 'nothing', acknowledgedAt });
      },
      subjects: () => subjects,
      segments: () => referee.segments(topic, auditFrom),
      positions: () => [...positions],
      paused: async (cause, withinMs = 10_000) => {
        await until(
          `a worker tells that it waits for ${cause}`,
          async () => {
            const all = await Promise.all([...living].map(({ port }) => samples(port, 'lethe_paused_partitions')));
            return all
              .flatMap((one) => one ?? [])
              .some(({ labels, value }) => value > 0 && labels.includes(`"${cause}"`));
          },
          withinMs,
        );
      },
      sinkDirectories: [],
      long: options.long,
      makeRecords: (next) => {
        make = next ?? options.make ?? usual;
      },
      log: () => readFileSync(logFile, 'utf8'),
      note: (text) => void notes.push(text),
      deletedUpTo: Array.from({ length: PARTITIONS }, () => 0),
      atEnd: (work) => void last.push(work),
      end: async () => {
        await traffic.stop();
        await end();
        for (const work of last) await work();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
