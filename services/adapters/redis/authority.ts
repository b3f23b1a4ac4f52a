/** Asks what a user may do at Redis, and what the server says of itself. Changes nothing. */
import { Cluster, type Redis } from 'ioredis';
import type { RedisProbe } from '../../core/check/redis-rights.ts';
import type { RedisClient } from './client.ts';

export type RedisFacts = {
  /** Null where the user may not ask. */
  readonly info: ReadonlyMap<string, string> | null;
  /** As Redis knows it; null where it may not ask. */
  readonly user: string | null;
  /** By `probeKey`; null: nobody can tell. */
  readonly may: (probe: RedisProbe) => boolean | null;
  /** How far the server's clock is ahead, milliseconds; null where it does not tell. */
  readonly clockOffsetMs: number | null;
  /** By how much that may be wrong. */
  readonly clockDoubtMs: number;
};

/** Redis 7: whether the caller may run commands, without running them. ARGV[1] JSON: a list of commands. */
const MAY = `
local answers = {}
for i, command in ipairs(cjson.decode(ARGV[1])) do
  local known, may = pcall(redis.acl_check_cmd, unpack(command))
  answers[i] = known and (may and 1 or 0) or -1
end
return answers
`;

type Answer = boolean | null;

/** @param now epoch milliseconds @throws LetheError `unavailable` */
export async function askRedis(
  client: RedisClient,
  probes: readonly RedisProbe[],
  now: () => number,
): Promise<RedisFacts> {
  return client.run('check', async (connection) => {
    const redis = (connection instanceof Cluster ? connection.nodes('master')[0] : connection) as Redis;
    const asked = now();
    const text = await allowed(() => redis.info());
    const roundTrip = now() - asked;
    const info = text === null ? null : fieldsOf(text);
    const micros = Number(info?.get('server_time_usec'));
    const user = await allowed(() => redis.call('ACL', 'WHOAMI') as Promise<string>);
    const answers =
      (await byDryRun(redis, user, probes)) ?? (await byScript(redis, probes)) ?? (await bySending(redis, probes));
    const byCommand = new Map(probes.map(({ command }, index) => [JSON.stringify(command), answers[index] ?? null]));
    return {
      info,
      user,
      may: ({ command }) => byCommand.get(JSON.stringify(command)) ?? null,
      clockOffsetMs: Number.isFinite(micros) ? Math.round(micros / 1000 - (asked + roundTrip / 2)) : null,
      clockDoubtMs: Math.ceil(roundTrip / 2),
    };
  });
}

/** Null where the user may not do it. */
async function allowed<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

async function byDryRun(redis: Redis, user: string | null, probes: readonly RedisProbe[]): Promise<Answer[] | null> {
  if (user === null) return null;
  // An older Redis has no such command; a user with few rights may not ask.
  const known = await redis.call('ACL', 'DRYRUN', user, 'ping').then(
    () => true,
    (error: unknown) => !isRefusal(error) && !/unknown/i.test(messageOf(error)),
  );
  if (!known) return null;
  return Promise.all(
    probes.map(({ command }) =>
      redis.call('ACL', 'DRYRUN', user, ...command).then(
        (said): Answer => said === 'OK',
        () => null,
      ),
    ),
  );
}

async function byScript(redis: Redis, probes: readonly RedisProbe[]): Promise<Answer[] | null> {
  try {
    const answers = await redis.call('EVAL', MAY, '0', JSON.stringify(probes.map(({ command }) => command)));
    const known = (answers as number[]).map((answer) => (answer < 0 ? null : answer === 1));
    return known.every((answer) => answer === null) ? null : known;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** What changes nothing can simply be tried: where it fails, it is for its arguments, not for the user. */
function bySending(redis: Redis, probes: readonly RedisProbe[]): Promise<Answer[]> {
  return Promise.all(
    probes.map(async ({ command: [name, ...args], harmless }): Promise<Answer> => {
      if (!harmless) return null;
      try {
        await redis.call(name, ...args);
        return true;
      } catch (error) {
        return !isRefusal(error);
      }
    }),
  );
}

/** In a script the code is inside the message. */
function isRefusal(error: unknown): boolean {
  return messageOf(error).startsWith('NOPERM');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
