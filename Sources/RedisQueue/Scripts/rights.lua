-- Tries every command that the other scripts use, on one key that it removes again.
--
-- KEYS[15] a key of its own
-- Result: {'' or the message of the first command that was refused}

local KEY = KEYS[15]
local commands = {
  {'UNLINK', KEY}, {'RPUSH', KEY, 'a', 'b'}, {'LPUSH', KEY, 'c'}, {'LLEN', KEY},
  {'LRANGE', KEY, 0, -1}, {'LINDEX', KEY, -1}, {'LSET', KEY, 0, ''}, {'RPOP', KEY, 1}, {'DEL', KEY},
  {'ZADD', KEY, 1, 'a'}, {'ZSCORE', KEY, 'a'}, {'ZCARD', KEY}, {'ZCOUNT', KEY, 0, 1},
  {'ZRANGE', KEY, 0, 0}, {'ZRANGEBYSCORE', KEY, 0, 1}, {'ZREMRANGEBYSCORE', KEY, 5, 6},
  {'ZREM', KEY, 'a'}, {'HSET', KEY, 'a', '1'}, {'HGET', KEY, 'a'}, {'HMGET', KEY, 'a'},
  {'HGETALL', KEY}, {'HLEN', KEY}, {'HEXISTS', KEY, 'a'}, {'HINCRBY', KEY, 'a', 1},
  {'HDEL', KEY, 'a'}, {'SET', KEY, '1', 'PX', 60000}, {'GET', KEY}, {'EXISTS', KEY},
  {'PEXPIRE', KEY, 60000}, {'UNLINK', KEY},
}
for _, command in ipairs(commands) do
  local reply = redis.pcall(unpack(command))
  if type(reply) == 'table' and reply.err then return {command[1] .. ': ' .. reply.err} end
end
return {''}
