import type { Cluster, Pipeline, Redis } from 'ioredis';
import { MINT, REPLACE, SHRED } from './data-key-scripts.ts';
import { ENTRIES } from './entry-script.ts';
import { BEAT, PROJECT } from './projection-script.ts';

/**
 * Adds events to consent entries. KEYS[i] is an entry's key; ARGV[i] the text of an entry that holds what is to be
 * there. An entry whose first line is another token is not touched; the answer is the list of their indexes. A key more
 * than there are arguments is a counter: it is incremented where anything was added, in the same step.
 */
const ADD_CONSENTS = `${ENTRIES}
local mismatched = {}
local changed = false
for i, wanted in ipairs(ARGV) do
  local held = redis.call('GET', KEYS[i])
  if not isOf(held, wanted) then
    mismatched[#mismatched + 1] = i
  elseif complete(KEYS[i], held, wanted) then
    changed = true
  end
end
if changed and KEYS[#ARGV + 1] then redis.call('INCR', KEYS[#ARGV + 1]) end
return mismatched
`;

/** Called with the number of keys, the keys, then the arguments. Sent as EVALSHA, as EVAL where unknown. */
type Script<R> = (...args: readonly (number | string)[]) => R;

export type Scripted = {
  readonly letheAddConsents: Script<Promise<number[]>>;
  /** projection-script.ts */
  readonly letheProject: Script<Promise<[number, (string | number)?]>>;
  readonly letheBeat: Script<Promise<number>>;
  /** data-key-scripts.ts */
  readonly letheMintKey: Script<Promise<string>>;
  readonly letheShredKey: Script<Promise<number>>;
  readonly letheReplaceKey: Script<Promise<number>>;
};
type Piped = 'letheAddConsents' | 'letheMintKey' | 'letheShredKey' | 'letheReplaceKey';
export type ScriptedPipeline = Pipeline & { readonly [K in Piped]: Script<unknown> };

export function defineScripts(redis: Redis | Cluster): void {
  redis.defineCommand('letheAddConsents', { lua: ADD_CONSENTS });
  redis.defineCommand('letheProject', { lua: PROJECT });
  redis.defineCommand('letheBeat', { lua: BEAT });
  redis.defineCommand('letheMintKey', { lua: MINT });
  redis.defineCommand('letheShredKey', { lua: SHRED });
  redis.defineCommand('letheReplaceKey', { lua: REPLACE });
}

export function scripted(redis: Redis | Cluster): (Redis | Cluster) & Scripted {
  return redis as (Redis | Cluster) & Scripted;
}
