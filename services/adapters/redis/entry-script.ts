/**
 * Lua that scripts on consent entries share, put in front of each. `wanted` is the text of an entry that holds what is to
 * be there (consent-entry.ts): the token, then one line per event. `held` is what GET gave: false where there is none.
 *
 * - `isOf(held, wanted)`: whether the entry, if there is one, is the same subject's: their first lines are alike.
 * - `complete(key, held, wanted)`: appends the lines that the entry lacks and leaves those it has alone, so that order
 *   and repetition do not matter and nothing is ever undone. Answers whether anything was added.
 */
export const ENTRIES = `
local function isOf(held, wanted)
  if not held then return true end
  local head = string.find(wanted, '\\n', 1, true)
  return string.sub(held .. '\\n', 1, head) == string.sub(wanted, 1, head)
end
local function complete(key, held, wanted)
  if not held then
    redis.call('SET', key, wanted)
    return true
  end
  local closed = held .. '\\n'
  local lacking = {}
  for line in string.gmatch(string.sub(wanted, string.find(wanted, '\\n', 1, true) + 1), '[^\\n]+') do
    if not string.find(closed, '\\n' .. line .. '\\n', 1, true) then
      lacking[#lacking + 1] = '\\n' .. line
    end
  end
  if #lacking > 0 then redis.call('APPEND', key, table.concat(lacking)) end
  return #lacking > 0
end
`;
