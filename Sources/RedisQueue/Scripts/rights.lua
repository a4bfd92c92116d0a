-- Tries every command that the other scripts use, on one key that it removes again.
--
-- KEYS[15] a key of its own
-- Result: {command, message, …} of those that were refused

local KEY = KEYS[15]
local commands = {
  {'UNLINK', KEY}, {'RPUSH', KEY, 'a', 'b'}, {'LPUSH', KEY, 'c'}, {'LLEN', KEY},
  {'LRANGE', KEY, 0, -1}, {'LTRIM', KEY, 0, -1}, {'LINDEX', KEY, -1}, {'LSET', KEY, 0, ''},
  {'RPOP', KEY, 1}, {'DEL', KEY}, {'ZADD', KEY, 1, 'a'}, {'ZINCRBY', KEY, 1, 'a'},
  {'ZSCORE', KEY, 'a'}, {'ZCARD', KEY}, {'ZCOUNT', KEY, 0, 1},
  {'ZRANGE', KEY, 0, 0}, {'ZRANGEBYSCORE', KEY, 0, 1}, {'ZREMRANGEBYSCORE', KEY, 5, 6},
  {'ZREM', KEY, 'a'}, {'DEL', KEY}, {'HSET', KEY, 'a', '1'}, {'HGET', KEY, 'a'},
  {'HMGET', KEY, 'a'}, {'HGETALL', KEY}, {'HSCAN', KEY, 0}, {'HLEN', KEY}, {'HEXISTS', KEY, 'a'},
  {'HINCRBY', KEY, 'a', 1}, {'HDEL', KEY, 'a'}, {'DEL', KEY}, {'SET', KEY, '1', 'PX', 60000},
  {'GET', KEY}, {'PTTL', KEY}, {'EXISTS', KEY}, {'PEXPIRE', KEY, 60000}, {'UNLINK', KEY},
}
local refused, seen = {}, {}
for _, command in ipairs(commands) do
  local reply = redis.pcall(unpack(command))
  -- What was refused before may have left a key of another type behind: that is no refusal.
  if type(reply) == 'table' and reply.err and not seen[command[1]]
    and not string.find(reply.err, 'WRONGTYPE', 1, true)
    and not string.find(reply.err, 'no such key', 1, true) then
    seen[command[1]] = true
    refused[#refused + 1] = command[1]
    refused[#refused + 1] = reply.err
  end
end
return refused
