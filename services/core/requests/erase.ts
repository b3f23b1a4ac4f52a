/** What erasure does to outputs: tombstones for what was published, and the proof that nothing lies behind them. */
import { type Coordinate, parseCoordinate } from '../coordinate.ts';
import type { RequestPorts, Tombstone } from './ports.ts';
import type { Received, RequestOutput, SubjectRequest } from './request.ts';

/** Outputs of the bundle of then and of the one of now; one topic may be the output of several purposes. */
export async function outputsOf(
  received: Received,
  { outputs }: Pick<RequestPorts, 'outputs'>,
): Promise<readonly RequestOutput[]> {
  const active = await outputs.active();
  const all = new Map<string, RequestOutput>();
  for (const output of [...received.outputs, ...(active?.outputs ?? [])]) all.set(JSON.stringify(output), output);
  return [...all.values()];
}

/** Raw topics of the bundle of then and of the one of now. */
export async function sourcesOf(
  received: Received,
  { outputs }: Pick<RequestPorts, 'outputs'>,
): Promise<readonly string[]> {
  return [...new Set([...received.sources, ...((await outputs.active())?.sources ?? [])])];
}

/** The keys of the subject for a purpose; null where it was not known when the request came. */
export function keysOf(received: Received, purpose: string): readonly string[] | null {
  return received.keys.find((one) => one.purpose === purpose)?.keys ?? null;
}

/**
 * What has to be buried. Where an output is keyed by the subject, each key in every partition: a record's partition is
 * that of its raw record, so that any may hold some. A tombstone for what is not there does no harm.
 *
 * @returns a purpose that came into the configuration after the request and compacts its output: its keys are not known.
 */
export async function tombstonesOf(
  received: Received,
  ports: Pick<RequestPorts, 'outputs'>,
): Promise<{ readonly tombstones: readonly Tombstone[] } | { readonly unknownPurpose: string }> {
  const wanted = new Map<string, Tombstone>();
  const want = (tombstone: Tombstone): void => {
    wanted.set(`${tombstone.topic}/${tombstone.partition}/${tombstone.key}`, tombstone);
  };
  let indexed = false;
  for (const { topic, purpose, keyedBy } of await outputsOf(received, ports)) {
    const { partitions, compacted } = await ports.outputs.cleanup(topic);
    if (!compacted) continue;
    if (keyedBy === 'path') indexed = true;
    if (keyedBy !== 'subject') continue;
    const keys = keysOf(received, purpose);
    if (keys === null) return { unknownPurpose: purpose };
    for (const key of keys)
      for (let partition = 0; partition < partitions; partition++) want({ topic, partition, key });
  }
  if (indexed) for (const found of await ports.outputs.indexed(received.tokens)) want(found);
  return { tombstones: [...wanted.values()] };
}

/** By partition the first of the coordinates: so few are recorded, however many keys a subject has. */
export function firstOfEach(coordinates: readonly string[]): readonly string[] {
  const first = new Map<string, Coordinate>();
  for (const coordinate of coordinates) {
    const at = parseCoordinate(coordinate);
    if (at === null) continue;
    const name = `${at.topic}/${at.partition}`;
    const known = first.get(name);
    if (known === undefined || at.offset < known.offset) first.set(name, at);
  }
  return [...first.values()].map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`);
}

/** How many keys have a tombstone of the request in a partition, and how many of these have a record again behind it. */
export type BurialCheck = { readonly buried: number; readonly uncovered: number };

/**
 * Reads each partition from the first of the request's tombstones to the end. They are known by their source. One that
 * is gone (compaction removes them after `delete.retention.ms`) is not counted: it is to be written again.
 *
 * @param firsts by partition.
 * @param source the request's own coordinate.
 */
export async function checkBurial(
  firsts: readonly string[],
  source: string,
  { recordsFrom }: Pick<RequestPorts['outputs'], 'recordsFrom'>,
): Promise<BurialCheck> {
  let buried = 0;
  let uncovered = 0;
  for (const first of firsts) {
    const at = parseCoordinate(first);
    if (at === null) continue;
    const last = new Map<string, boolean>();
    for await (const record of recordsFrom(at.topic, at.partition, at.offset)) {
      const { key, tombstone } = record;
      if (key !== null && (last.has(key) || (tombstone && record.source === source))) last.set(key, tombstone);
    }
    buried += last.size;
    uncovered += [...last.values()].filter((isTombstone) => !isTombstone).length;
  }
  return { buried, uncovered };
}

/** What each output's Kafka settings do with what was published to it. For the receipt. */
export async function outputFates(
  request: SubjectRequest,
  ports: Pick<RequestPorts, 'outputs'>,
): Promise<readonly { readonly topic: string; readonly fate: string; readonly retentionMs: number | null }[]> {
  const fates = new Map<string, { topic: string; fate: string; retentionMs: number | null }>();
  for (const { topic, keyedBy } of await outputsOf(request.received, ports)) {
    const { partitions, compacted, retentionMs } = await ports.outputs.cleanup(topic);
    const fate =
      partitions === 0 ? 'no_such_topic' : compacted ? (keyedBy === 'none' ? 'no_keys' : 'tombstoned') : 'ages_out';
    fates.set(topic, { topic, fate, retentionMs });
  }
  return [...fates.values()];
}
