-- runnow: makes parked jobs due now.
--
-- KEYS[1]    ctl
-- ARGV[1...] job ids
-- Returns how many are parked.

local refused = layout()
if refused then return refused end
if #ARGV > 500 or #ARGV < 1 then return fail('runnow: malformed arguments') end
call('ZREM', LEASE, '')
local n = 0
for i = 1, #ARGV do
  if call('ZSCORE', LATER, ARGV[i]) then
    call('ZADD', LATER, 'XX', int(now), ARGV[i])
    n = n + 1
  end
end
if n > 0 and not isPaused() then ring() end
return n
