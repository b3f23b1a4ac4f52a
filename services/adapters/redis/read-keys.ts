import { Cluster, type Redis } from 'ioredis';
import { groupByNode, isRedirection } from './cluster-groups.ts';

/**
 * The values of keys, or null where a reply belongs to another question (ioredis #965, #1925). A value can name its own
 * key, but an absent one cannot; so an ECHO rides behind each read and has to come back with this question's number.
 */
export type Values = readonly (string | null)[] | null;

let questions = 0;

/** One round trip: one MGET on a single server; on a cluster one pipeline per node, side by side. */
export async function readKeys(redis: Redis | Cluster, keys: readonly string[]): Promise<Values> {
  return redis instanceof Cluster ? readCluster(redis, keys) : readServer(redis, keys);
}

async function readServer(redis: Redis, keys: readonly string[]): Promise<Values> {
  const question = nextQuestion();
  const replies = await redis
    .pipeline()
    .mget([...keys])
    .echo(question)
    .exec();
  const [values, echo] = (replies ?? []).map(settled);
  if (echo !== question || !Array.isArray(values) || values.length !== keys.length) return null;
  return values as (string | null)[];
}

async function readCluster(cluster: Cluster, keys: readonly string[]): Promise<Values> {
  const values: (string | null)[] = keys.map(() => null);
  const groups = groupByNode(cluster, keys);
  const understood = await Promise.all(
    groups.map(async (group) => {
      const question = nextQuestion();
      const pipeline = cluster.pipeline();
      for (const index of group) pipeline.get(keys[index] as string);
      const replies = (await pipeline.echo(question).exec()) ?? [];
      const echo = replies.at(-1);
      if (echo === undefined || settled(echo) !== question || replies.length !== group.length + 1) return false;
      const moved: number[] = [];
      for (const [place, index] of group.entries()) {
        const reply = replies[place] as [unknown, unknown];
        if (isRedirection(reply[0])) moved.push(index);
        else values[index] = settled(reply) as string | null;
      }
      const found = await Promise.all(moved.map((index) => cluster.get(keys[index] as string)));
      for (const [place, index] of moved.entries()) values[index] = found[place] ?? null;
      return true;
    }),
  );
  return understood.every(Boolean) ? values : null;
}

function settled([error, value]: readonly [unknown, unknown]): unknown {
  if (error !== null && error !== undefined) throw error as Error;
  return value;
}

function nextQuestion(): string {
  questions = (questions + 1) % Number.MAX_SAFE_INTEGER;
  return `lethe-${questions}`;
}
