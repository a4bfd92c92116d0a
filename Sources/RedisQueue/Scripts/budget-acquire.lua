-- Takes a permit for one request to an upstream, or says how long to wait.
--
-- KEYS[1] state    HASH  parallel, successes, quiet (Unix ms), epoch, failures, trips, probe,
--                        tat (us), since (Unix ms): when trips left 0
-- KEYS[2] permits  ZSET  permit -> expiry (Unix ms)
-- KEYS[3] grants   HASH  permit -> epoch it was granted in
-- ARGV[1] permit   chosen by the caller; a repeat with the same one takes no second permit
-- ARGV[2] ceiling  most requests at once, 1 or more
-- ARGV[3] lease    ms after which a permit that is not given back counts as given back
-- ARGV[4] busy     ms to wait when all permits are out
-- ARGV[5] keep     ms that the keys outlive their last use
-- ARGV[6] interval us between two requests, 0 without a rate limit
-- ARGV[7] burst    requests that may begin at once after a rest, 1 or more
-- ARGV[8] cap      ms of the longest time for which the breaker opens
--
-- Returns {1, 0, 0} when granted; {0, ms, 0} to ask again after that time; {0, ms, 1} when the
-- breaker is open for that long, or its probe is out.
--
-- The breaker is closed when trips is 0, open while quiet lies ahead, half-open otherwise: then
-- one permit at a time is granted, the probe. A rate is kept by the time at which a request
-- would come if all came evenly (tat): it may lie ahead by a burst.

local permit, ceiling, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local busy, keep = tonumber(ARGV[4]), tonumber(ARGV[5])
local interval, burst, cap = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if not permit or permit == '' or not ceiling or ceiling < 1 or not lease or lease < 1
    or not busy or busy < 1 or not keep or keep < lease
    or not interval or interval < 0 or not burst or burst < 1 or not cap or cap < 1 then
  return redis.error_reply('ERR budget-acquire: malformed arguments')
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]

-- Allowed when the memory is full; a script whose first write is goes on to the others.
redis.call('ZREM', KEYS[2], '')

-- No permit is out for longer than a lease, however the clock was set.
local late = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now + lease, '+inf', 'LIMIT', 0, 500)
for _, early in ipairs(late) do redis.call('ZADD', KEYS[2], now + lease, early) end

local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 500)
for _, gone in ipairs(expired) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[3], gone)
end

if redis.call('ZSCORE', KEYS[2], permit) then
  return {1, 0, 0}
end

local state = redis.call('HMGET', KEYS[1], 'parallel', 'quiet', 'epoch', 'trips', 'probe', 'tat')
local quiet = tonumber(state[2] or 0)
-- A time farther ahead than any is left over from a clock that went back.
if quiet > now and quiet <= now + cap then
  return {0, quiet - now, 1}
end
local isHalfOpen = tonumber(state[4] or 0) > 0
if isHalfOpen and state[5] and redis.call('ZSCORE', KEYS[2], state[5]) then
  return {0, busy, 1}
end

local parallel = math.min(tonumber(state[1] or ceiling), ceiling)
if redis.call('ZCARD', KEYS[2]) >= parallel then
  return {0, busy, 0}
end

if interval > 0 then
  local tat = tonumber(state[6] or 0)
  -- A time beyond the burst is left over from another rate, or from a clock that went back.
  if tat < micros or tat > micros + burst * interval then tat = micros end
  local early = tat + interval - burst * interval - micros
  if early > 0 then
    return {0, math.ceil(early / 1000), 0}
  end
  redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat + interval))
end

redis.call('ZADD', KEYS[2], now + lease, permit)
redis.call('HSET', KEYS[3], permit, state[3] or 0)
if isHalfOpen then
  redis.call('HSET', KEYS[1], 'probe', permit)
end
redis.call('PEXPIRE', KEYS[1], keep)
redis.call('PEXPIRE', KEYS[2], keep)
redis.call('PEXPIRE', KEYS[3], keep)
return {1, 0, 0}
