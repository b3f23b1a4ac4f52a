import { ENTRIES } from './entry-script.ts';

/**
 * Lua of the projector. The watermark is one key, JSON `{at, offsets}`; what a projector writes depends on what it holds
 * at that moment, so each is one script. Offsets are text in it, as workers read them.
 */

/**
 * KEYS[1] the watermark, KEYS[2…] entries; ARGV: partition, low, start, end, then the text of each entry. Answers {0}
 * where the batch is in, {1, offset} where the view lacks what comes before it, {2, index} where an entry is another
 * subject's; then nothing was done.
 */
export const PROJECT = `${ENTRIES}
local held = redis.call('GET', KEYS[1])
local mark = held and cjson.decode(held) or { at = 0, offsets = {} }
local stands = mark.offsets[ARGV[1]] or ARGV[2]
if tonumber(ARGV[3]) > tonumber(stands) then return { 1, stands } end
local entries = {}
for i = 2, #KEYS do
  entries[i] = redis.call('GET', KEYS[i])
  if not isOf(entries[i], ARGV[i + 3]) then return { 2, i - 1 } end
end
for i = 2, #KEYS do complete(KEYS[i], entries[i], ARGV[i + 3]) end
if tonumber(ARGV[4]) > tonumber(stands) or mark.offsets[ARGV[1]] == nil then
  mark.offsets[ARGV[1]] = ARGV[4]
  redis.call('SET', KEYS[1], cjson.encode(mark))
end
return { 0 }
`;

/**
 * KEYS[1] the watermark; ARGV: time, then partition, low, end of each partition of the feed. Answers 1 where the view
 * holds all of it, and dates the watermark; 0, and changes nothing, where it does not.
 */
export const BEAT = `
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local mark = cjson.decode(held)
for i = 2, #ARGV, 3 do
  if tonumber(mark.offsets[ARGV[i]] or ARGV[i + 1]) < tonumber(ARGV[i + 2]) then return 0 end
end
if tonumber(ARGV[1]) > mark.at then
  mark.at = tonumber(ARGV[1])
  redis.call('SET', KEYS[1], cjson.encode(mark))
end
return 1
`;
