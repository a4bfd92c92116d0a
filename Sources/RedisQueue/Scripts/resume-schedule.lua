-- Lets a schedule fire again.
--
-- KEYS[15] hold:<schedule> HASH
-- Result: {who, why, when (ms)} of the pause that ended, or {} when there was none

local pause = redis.call('HMGET', KEYS[15], 'pausedBy', 'pausedWhy', 'pausedAt')
open()
redis.call('DEL', KEYS[15])
if pause[1] then return pause end
return {}
