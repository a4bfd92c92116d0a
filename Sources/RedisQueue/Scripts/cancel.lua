-- Asks for the end of jobs: parked ones go at once, the others are noted for their fetch or for
-- their worker's beat. Dead ones stay.
--
-- ARGV[1] who, ARGV[2..] job ids, at most PER_CALL
-- Result: how many jobs were removed or noted

local NOTES_MAX = 10000
local NOTE_AGE = 30 * 24 * 60 * 60 * 1000

-- Notes for jobs that never come would stay for ever; old ones go when there are many.
local function prune()
  local notes = redis.call('HGETALL', KEYS[13])
  for i = 1, #notes, 2 do
    local at = tonumber(string.match(notes[i + 1], '^(%d+)|') or '0')
    if now - at > NOTE_AGE then redis.call('HDEL', KEYS[13], notes[i]) end
  end
end

open()
if redis.call('HLEN', KEYS[13]) + #ARGV > NOTES_MAX then prune() end
if redis.call('HLEN', KEYS[13]) + #ARGV > NOTES_MAX then
  return redis.error_reply('RBCANCELS')
end
local counted = 0
for i = 2, #ARGV do
  local id = ARGV[i]
  if redis.call('HEXISTS', KEYS[9], id) == 0 then
    local value = redis.call('HGET', KEYS[7], id)
    if value then
      local _, e = unnoted(value)
      local owner, unique = parse(e)
      if owner then free(owner, unique) end
      redis.call('HDEL', KEYS[7], id)
      redis.call('ZREM', KEYS[6], id)
      count('discarded', 1)
    else
      redis.call('HSET', KEYS[13], id, nowText .. '|' .. ARGV[1])
    end
    counted = counted + 1
  end
end
flushCounts()
return counted
