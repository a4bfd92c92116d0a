-- Removes a worker that ends in order.
--
-- KEYS[15] worker:<id>
-- ARGV[1] worker
-- Result: 1 when it was known

open()
local isKnown = redis.call('ZREM', KEYS[14], ARGV[1])
redis.call('UNLINK', KEYS[15])
if redis.call('HGET', KEYS[10], 'solo') == ARGV[1] then
  redis.call('HDEL', KEYS[10], 'solo', 'soloUntil')
end
return isKnown
