-- pause: stops fetching, or lets it go on.
--
-- KEYS[1]  ctl
-- ARGV[1]  'pause' or 'resume'
-- ARGV[2]  who
-- ARGV[3]  why, for a pause
-- Returns who, why and when (Unix ms) of the pause that was in force before, or an empty list.

local refused = layout()
if refused then return refused end
if ARGV[1] ~= 'pause' and ARGV[1] ~= 'resume' then return fail('pause: malformed arguments') end
call('ZREM', LEASE, '')
local before = call('HMGET', CTL, 'pausedBy', 'pausedReason', 'pausedAt')
if ARGV[1] == 'pause' then
  call('HSET', CTL, 'pausedBy', ARGV[2], 'pausedReason', ARGV[3], 'pausedAt', int(now))
else
  call('HDEL', CTL, 'pausedBy', 'pausedReason', 'pausedAt')
  ring()
end
if not before[1] then return {} end
return before
