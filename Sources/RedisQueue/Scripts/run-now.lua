-- Makes parked jobs due now, and rings.
--
-- ARGV: job ids, at most PER_CALL
-- Result: how many were parked

open()
local found = 0
for _, id in ipairs(ARGV) do
  if redis.call('ZSCORE', KEYS[6], id) then
    redis.call('ZADD', KEYS[6], 'XX', now, id)
    found = found + 1
  end
end
if found > 0 and not isPaused() then ring() end
return found
