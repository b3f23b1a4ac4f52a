import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './client.ts';
import { groupByNode, isRedirection } from './cluster-groups.ts';
import { CHANGES_KEY } from './keys.ts';
import { type ScriptedPipeline, scripted } from './scripts.ts';

/** What an entry has to hold, as `entryText` writes it. */
export type EntryAddition = { readonly key: string; readonly text: string };

/** Entries per script call on one server: Redis answers nobody else meanwhile. */
const PER_CALL = 100;
/** Entries and text per round trip. */
const PER_TRIP = 2_000;
const CHARACTERS_PER_TRIP = 2_000_000;

/**
 * Adds to entries, each in one atomic step; several round trips where there is much.
 * @returns the first key whose entry is another subject's, which was left alone, or null.
 */
export async function addEntries(client: RedisClient, additions: readonly EntryAddition[]): Promise<string | null> {
  let stray: string | null = null;
  for (const trip of trips(additions)) {
    const found = await client.run('evalsha', (redis) =>
      redis instanceof Cluster ? addToCluster(redis, trip) : addToServer(redis, trip),
    );
    stray ??= found;
  }
  return stray;
}

async function addToServer(redis: Redis, additions: readonly EntryAddition[]): Promise<string | null> {
  const pipeline = redis.pipeline() as unknown as ScriptedPipeline;
  for (let from = 0; from < additions.length; from += PER_CALL) {
    pipeline.letheAddConsents(...callOf(additions.slice(from, from + PER_CALL), [CHANGES_KEY]));
  }
  const replies = (await pipeline.exec()) ?? [];
  let stray: string | null = null;
  for (const [call, [error, mismatched]] of replies.entries()) {
    if (error !== null) throw error;
    const [first] = mismatched as number[];
    if (first !== undefined) stray ??= additions[call * PER_CALL + first - 1]?.key ?? null;
  }
  return stray;
}

async function addToCluster(cluster: Cluster, additions: readonly EntryAddition[]): Promise<string | null> {
  const groups = groupByNode(
    cluster,
    additions.map(({ key }) => key),
  );
  const strays = await Promise.all(
    groups.map(async (group) => {
      const pipeline = cluster.pipeline() as unknown as ScriptedPipeline;
      const additionsHere = group.map((index) => additions[index] as EntryAddition);
      for (const addition of additionsHere) pipeline.letheAddConsents(...callOf([addition]));
      const replies = (await pipeline.exec()) ?? [];
      const answers = await Promise.all(
        replies.map(async ([error, mismatched], place) => {
          if (isRedirection(error)) {
            return scripted(cluster).letheAddConsents(...callOf([additionsHere[place] as EntryAddition]));
          }
          if (error !== null) throw error;
          return mismatched as number[];
        }),
      );
      const stray = answers.findIndex((mismatched) => mismatched.length > 0);
      return additionsHere[stray]?.key ?? null;
    }),
  );
  return strays.find((key) => key !== null) ?? null;
}

/** @param counters on a cluster none: it lies in another slot, and who reads there reads the entries anyway. */
function callOf(additions: readonly EntryAddition[], counters: readonly string[] = []): readonly (number | string)[] {
  const keys = [...additions.map(({ key }) => key), ...counters];
  return [keys.length, ...keys, ...additions.map(({ text }) => text)];
}

function* trips(additions: readonly EntryAddition[]): Generator<readonly EntryAddition[]> {
  let from = 0;
  let characters = 0;
  for (const [index, { text }] of additions.entries()) {
    if (index > from && (index - from >= PER_TRIP || characters + text.length > CHARACTERS_PER_TRIP)) {
      yield additions.slice(from, index);
      from = index;
      characters = 0;
    }
    characters += text.length;
  }
  if (from < additions.length) yield additions.slice(from);
}
