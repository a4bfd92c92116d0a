-- Removes dead jobs for good; their unique keys were freed when they died.
--
-- ARGV: job ids, at most PER_CALL
-- Result: how many there were

open()
local removed = 0
for _, id in ipairs(ARGV) do
  removed = removed + redis.call('ZREM', KEYS[8], id)
  redis.call('HDEL', KEYS[9], id)
end
return removed
