import type { Cluster, Pipeline, Redis } from 'ioredis';
import { MINT, REPLACE, SHRED } from './data-key-scripts.ts';
import { BEAT, PROJECT } from './projection-script.ts';

/**
 * Adds events to consent entries. KEYS[i] is an entry's key; ARGV[i] the text of an entry that holds what is to be
 * there: the token, then one line per event. Lines an entry lacks are appended, those it has are left alone, so that
 * order and repetition do not matter and nothing is ever undone. An entry whose first line is another token is not
 * touched; the answer is the list of their indexes. A key more than there are arguments is a counter: it is incremented
 * where anything was added, in the same step.
 */
const ADD_CONSENTS = `
local mismatched = {}
local changed = false
for i, wanted in ipairs(ARGV) do
  local key = KEYS[i]
  local held = redis.call('GET', key)
  if not held then
    redis.call('SET', key, wanted)
    changed = true
  else
    local head = string.find(wanted, '\\n', 1, true)
    local closed = held .. '\\n'
    if string.sub(closed, 1, head) ~= string.sub(wanted, 1, head) then
      mismatched[#mismatched + 1] = i
    else
      local lacking = {}
      for line in string.gmatch(string.sub(wanted, head + 1), '[^\\n]+') do
        if not string.find(closed, '\\n' .. line .. '\\n', 1, true) then
          lacking[#lacking + 1] = '\\n' .. line
        end
      end
      if #lacking > 0 then
        redis.call('APPEND', key, table.concat(lacking))
        changed = true
      end
    end
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
