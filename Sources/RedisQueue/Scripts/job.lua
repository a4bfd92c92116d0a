-- One job wherever it is; writes nothing.
--
-- ARGV[1] job id
-- Result: {} or {state, place, time (ms) or '', reason, bytes}; place as page gives it
-- Looks at PER_CALL batches and at PER_CALL jobs of each list without a limit key.

local id = ARGV[1]

local function inHash(state, set, hash)
  local value = redis.call('HGET', hash, id)
  if not value then return nil end
  local reason, body = unnoted(value)
  return {state, id, text(tonumber(redis.call('ZSCORE', set, id) or '0')), reason, body}
end

local function running()
  for _, batch in ipairs(redis.call('ZRANGE', KEYS[1], 0, PER_CALL - 1)) do
    for _, e in ipairs(redis.call('LRANGE', PREFIX .. 'run:' .. batch, 1, -1)) do
      if e ~= '' and known(e) == id then return {'running', batch, '', '', e} end
    end
  end
end

local function waiting(state, list, key)
  local items = redis.call('LRANGE', key, -PER_CALL, -1)
  for i = #items, 1, -1 do
    if known(items[i]) == id then
      return {state, list .. '-' .. (#items - i), '', '', items[i]}
    end
  end
end

-- Looks at PER_CALL jobs of each key, and at KEYS_LOOKED of all keys together.
local KEYS_LOOKED = 20 * PER_CALL

local function keyed()
  local left = KEYS_LOOKED
  for _, lane in ipairs(LANE_NAMES) do
    local keys = keysOf(lane)
    for i = 1, #keys do
      if left <= 0 then return nil end
      local items = redis.call('LRANGE', keyedList(lane, keys[i]), -math.min(PER_CALL, left), -1)
      left = left - #items - 1
      for at = #items, 1, -1 do
        if known(items[at]) == id then
          return {'ready', lane .. ':' .. keys[i] .. '-' .. (#items - at), '', '', items[at]}
        end
      end
    end
  end
end

return inHash('later', KEYS[6], KEYS[7]) or inHash('dead', KEYS[8], KEYS[9]) or running()
  or waiting('suspect', 'suspect', KEYS[5]) or waiting('ready', 'hi', KEYS[2])
  or waiting('ready', 'std', KEYS[3]) or waiting('ready', 'low', KEYS[4]) or keyed() or {}
