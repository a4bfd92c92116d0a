-- Removes what a reaped copy of finished jobs left behind.
--
-- ARGV: job ids, at most PER_CALL
-- Result: how many parked and dead jobs were removed

open()
local removed = 0
for _, id in ipairs(ARGV) do
  local value = redis.call('HGET', KEYS[7], id)
  if value then
    local _, e = unnoted(value)
    local owner, unique = parse(e)
    if owner then free(owner, unique) end
    redis.call('HDEL', KEYS[7], id)
    redis.call('ZREM', KEYS[6], id)
    removed = removed + 1
  end
  removed = removed + redis.call('ZREM', KEYS[8], id)
  redis.call('HDEL', KEYS[9], id)
end
return removed
