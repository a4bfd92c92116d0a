-- Lets fetching go on and rings.
--
-- Result: {who, why, when (ms)} of the pause that ended, or {} when there was none

local pause = redis.call('HMGET', KEYS[10], 'pausedBy', 'pausedWhy', 'pausedAt')
open()
redis.call('HDEL', KEYS[10], 'pausedBy', 'pausedWhy', 'pausedAt')
ring()
if pause[1] then return pause end
return {}
