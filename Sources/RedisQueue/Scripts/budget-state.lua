-- Shows a budget; writes nothing.
--
-- KEYS[1] state    HASH  parallel, successes, quiet (Unix ms), epoch, failures, trips, probe,
--                        tat (us), since (Unix ms): when trips left 0
-- KEYS[2] permits  ZSET  permit -> expiry (Unix ms)
-- ARGV[1] ceiling  most requests at once, 1 or more
-- ARGV[2] cap      ms of the longest time for which the breaker opens
-- ARGV[3] interval us between two requests, 0 without a rate limit
-- ARGV[4] burst    requests that may begin at once after a rest, 1 or more
--
-- Returns {parallel, permits out, quiet until (Unix ms) or 0, openings since the last success,
-- since when there was none (Unix ms) or 0, 1 when the rate is used up}.

local ceiling, cap = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval, burst = tonumber(ARGV[3]), tonumber(ARGV[4])
if not ceiling or ceiling < 1 or not cap or cap < 1 or not interval or interval < 0
    or not burst or burst < 1 then
  return redis.error_reply('ERR budget-state: malformed arguments')
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]
local state = redis.call('HMGET', KEYS[1], 'parallel', 'quiet', 'trips', 'since', 'tat')
local quiet = tonumber(state[2] or 0)
local trips = tonumber(state[3] or 0)
local tat = tonumber(state[5] or 0)
local isUsedUp = interval > 0 and tat <= micros + burst * interval
  and tat + interval - burst * interval > micros
return {
  math.min(tonumber(state[1] or ceiling), ceiling),
  redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf'),
  -- A time farther ahead than any is left over from a clock that went back.
  quiet > now and quiet <= now + cap and quiet or 0,
  trips,
  trips > 0 and tonumber(state[4] or 0) or 0,
  isUsedUp and 1 or 0,
}
