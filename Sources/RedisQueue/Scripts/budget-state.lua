-- Shows a budget; writes nothing.
--
-- KEYS[1] state    HASH  parallel, successes, quiet (Unix ms), epoch, failures, trips, probe,
--                        tat (us)
-- KEYS[2] permits  ZSET  permit -> expiry (Unix ms)
-- ARGV[1] ceiling  most requests at once, 1 or more
--
-- Returns {parallel, permits out, quiet until (Unix ms) or 0, openings since the last success}.

local ceiling = tonumber(ARGV[1])
if not ceiling or ceiling < 1 then
  return redis.error_reply('ERR budget-state: malformed arguments')
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'parallel', 'quiet', 'trips')
local quiet = tonumber(state[2] or 0)
return {
  math.min(tonumber(state[1] or ceiling), ceiling),
  redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf'),
  quiet > now and quiet or 0,
  tonumber(state[3] or 0),
}
