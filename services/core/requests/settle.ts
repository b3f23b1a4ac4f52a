/**
 * Between the consent events of a request and what rests on them: waiting until no worker can publish any more on what
 * it read before.
 *
 * The commits of a raw partition come one after another, whoever makes them: its transactional id is fenced by each new
 * owner (adapters/kafka/lane.ts). So nothing decided on older consents can be published for a partition any more once
 *
 * - a batch was committed that had been decided under a view that holds the events: later ones are decided under no
 *   older view (gateway/position.ts), and whoever owned the partition earlier is fenced; or
 * - all records are committed that lay in the partition at a moment when the view held the events: what comes later is
 *   read later; or
 * - the group has no member, and the partition's transactional id was fenced since: what a dead or frozen worker had
 *   begun is aborted, and who comes next looks up consents anew.
 *
 * Where none of these comes true in time, the request waits, and says so.
 */
import { parseCoordinate } from '../coordinate.ts';
import type { RequestPorts, WorkerPosition } from './ports.ts';

export type Waiting = 'view_behind' | 'workers_behind';

const POLL_MS = 100;

type SettlePorts = Pick<RequestPorts, 'consents' | 'workers' | 'now' | 'sleep' | 'patienceMs'>;

/**
 * @param events coordinates in the feed.
 * @param sources raw topics.
 * @returns what is still waited for once patience is at its end, or null.
 */
export async function settle(
  events: readonly string[],
  tokens: readonly string[],
  sources: readonly string[],
  { consents, workers, now, sleep, patienceMs }: SettlePorts,
): Promise<Waiting | null> {
  const deadline = now() + patienceMs;
  while (!(await consents.reached(events, tokens))) {
    if (now() >= deadline) return 'view_behind';
    await sleep(POLL_MS);
  }
  await workers.fenceReplays();
  const open: { readonly topic: string; readonly partition: number; readonly low: number; readonly end: number }[] = [];
  for (const topic of sources) for (const bounds of await workers.ends(topic)) open.push({ topic, ...bounds });

  for (;;) {
    const absent = await workers.absent();
    const positions = new Map<string, readonly WorkerPosition[]>();
    for (const topic of new Set(open.map((one) => one.topic))) positions.set(topic, await workers.positions(topic));
    for (const one of [...open]) {
      const { topic, partition, low, end } = one;
      const position = positions.get(topic)?.find((held) => held.partition === partition) ?? null;
      const from = Math.max(position?.offset ?? low, low);
      const passed =
        from >= end ||
        (position !== null && decidedUnder(position, events)) ||
        !(await workers.holdsRecords(topic, partition, from, end));
      if (!passed && !absent) continue;
      if (!passed) await workers.fence(topic, partition);
      open.splice(open.indexOf(one), 1);
    }
    if (open.length === 0) return null;
    if (now() >= deadline) return 'workers_behind';
    await sleep(POLL_MS);
  }
}

/** Whether a partition's last batch was decided under a view that holds the events. */
function decidedUnder({ feed }: WorkerPosition, events: readonly string[]): boolean {
  if (feed === null) return false;
  return events.every((event) => {
    const at = parseCoordinate(event);
    return at !== null && Number(feed[at.partition] ?? 0) > at.offset;
  });
}
