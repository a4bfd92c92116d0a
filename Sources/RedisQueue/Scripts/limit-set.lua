-- Gives a limit key its settings, or takes them away; a key that is not over them any more comes
-- back at once, but for one whose upstream rests.
--
-- ARGV[1] key, ARGV[2] most jobs at once or '', ARGV[3] time between two (us) or '',
-- ARGV[4] burst ('' without ARGV[3])
-- Result: 1

local key = ARGV[1]
local limit = PREFIX .. 'limit:' .. key
open()
redis.call('HDEL', limit, 'concurrency', 'interval', 'burst', 'tat')
if ARGV[2] ~= '' then redis.call('HSET', limit, 'concurrency', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HSET', limit, 'interval', ARGV[3], 'burst', ARGV[4]) end
if ARGV[2] ~= '' or ARGV[3] ~= '' then
  redis.call('ZADD', PREFIX .. 'limits', 0, key)
  redis.call('PERSIST', limit)
else
  redis.call('ZREM', PREFIX .. 'limits', key)
end
local why = redis.call('HGET', limit, 'why')
if why == 'full' or why == 'rate' then
  wake(key)
  if not isPaused() then ring() end
end
return 1
