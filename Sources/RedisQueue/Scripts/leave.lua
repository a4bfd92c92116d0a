-- leave: removes a worker's presence at a clean end.
--
-- KEYS[1]  ctl
-- ARGV[1]  worker
-- Returns 1.

local refused = layout()
if refused then return refused end
call('ZREM', LEASE, '')
call('ZREM', WORKERS, ARGV[1])
call('DEL', P .. 'worker:' .. ARGV[1])
if call('HGET', CTL, 'solo') == ARGV[1] then call('HDEL', CTL, 'solo', 'soloUntil') end
return 1
