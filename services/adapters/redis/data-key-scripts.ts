/**
 * Lua of data keys. Each works on one subject's entry (data-key-entry.ts) and is atomic; none ever puts anything in the
 * place of a shredded one.
 */

/** KEYS[1] an entry; ARGV[1] the entry to store where there is none. Answers what is stored afterwards. */
export const MINT = `
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
`;

/** KEYS[1] an entry; ARGV[1] the mark of a destroyed key. */
export const SHRED = `
local held = redis.call('GET', KEYS[1])
if held and string.find(held, '\\nshredded\\n', 1, true) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
`;

/** KEYS[1] an entry; ARGV: the entry that has to be stored, the one to store in its place. */
export const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`;
