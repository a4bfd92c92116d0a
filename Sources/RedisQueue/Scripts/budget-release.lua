-- Gives a permit back and lets the budget learn from what the request met.
--
-- KEYS[1] state    HASH  parallel, successes, quiet (Unix ms), epoch, failures, trips, probe,
--                        tat (us), since (Unix ms): when trips left 0
-- KEYS[2] permits  ZSET  permit -> expiry (Unix ms)
-- KEYS[3] grants   HASH  permit -> epoch it was granted in
-- ARGV[1] permit
-- ARGV[2] feedback 'succeeded', 'concurrency', 'rate', 'failed' or 'unused'
-- ARGV[3] after    ms that the upstream asked to wait; -1 when it named no time
-- ARGV[4] ceiling  most requests at once, 1 or more
-- ARGV[5] window   successes for each present permit that raise the parallelism by one
-- ARGV[6] base     ms of the first backoff
-- ARGV[7] cap      ms of the longest backoff, and the longest wait that the upstream may ask for
-- ARGV[8] draw     one draw from 0 to 1, for the jitter of the backoff
-- ARGV[9] keep     ms that the keys outlive their last use
-- ARGV[10] most    failures in a row that open the breaker, 1 or more
-- ARGV[11] interval us between two requests, 0 without a rate limit
--
-- Returns {1, ms} with the time for which the breaker is open, or {0, ms} when the permit had been
-- given back or had expired; nothing is learnt then.
--
-- An epoch ends with each decrease and each opening. What a request meets that was granted in an
-- earlier epoch was in flight then: it belongs to the same burst.

local permit, feedback, after = ARGV[1], ARGV[2], tonumber(ARGV[3])
local ceiling, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local base, cap = tonumber(ARGV[6]), tonumber(ARGV[7])
local draw, keep = tonumber(ARGV[8]), tonumber(ARGV[9])
local most, interval = tonumber(ARGV[10]), tonumber(ARGV[11])
local known = {succeeded = true, concurrency = true, rate = true, failed = true, unused = true}
if not permit or permit == '' or not known[feedback] or not after or not ceiling or ceiling < 1
    or not window or window < 1 or not base or base < 1 or not cap or cap < base
    or not draw or draw < 0 or draw > 1 or not keep or keep < 1
    or not most or most < 1 or not interval or interval < 0 then
  return redis.error_reply('ERR budget-release: malformed arguments')
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local granted = redis.call('HGET', KEYS[3], permit)
local state = redis.call('HMGET', KEYS[1], 'parallel', 'successes', 'quiet', 'epoch', 'failures',
  'trips', 'probe', 'tat', 'since')
local quiet = tonumber(state[3] or 0)
-- A time farther ahead than any is left over from a clock that went back.
if quiet > now + cap then quiet = 0 end

-- Allowed when the memory is full; a script whose first write is goes on to the others.
redis.call('ZREM', KEYS[2], permit)
if not granted then
  return {0, math.max(0, quiet - now)}
end
redis.call('HDEL', KEYS[3], permit)

local parallel = math.min(tonumber(state[1] or ceiling), ceiling)
local successes = tonumber(state[2] or 0)
local epoch = tonumber(state[4] or 0)
local failures = tonumber(state[5] or 0)
local trips = tonumber(state[6] or 0)
local isProbe = state[7] == permit
local since = state[9] or '0'
local isPresent = tonumber(granted) == epoch

local function trip(number)
  if trips == 0 then since = string.format('%.0f', now) end
  trips = number
end

-- Opens the breaker for a time: the upstream's own, or one that doubles with each opening.
local function open(wait)
  trip(trips + 1)
  if wait < 0 then
    wait = math.floor(math.min(cap, base * 2 ^ math.min(trips - 1, 30)) * (0.5 + draw / 2))
  end
  quiet = math.max(quiet, now + math.min(wait, cap))
  epoch = epoch + 1
  failures = 0
  successes = 0
end

if feedback == 'succeeded' then
  if isPresent then
    failures = 0
    successes = successes + 1
    if parallel >= ceiling then
      successes = 0
    elseif successes >= window * parallel then
      parallel = parallel + 1
      successes = 0
    end
  end
  if isProbe then trips = 0 end
elseif feedback == 'failed' then
  if isPresent then
    failures = failures + 1
    if after >= 0 or isProbe or failures >= most then open(after) end
  end
elseif feedback == 'concurrency' or feedback == 'rate' then
  if isPresent then
    -- With one request at a time there is nothing left to lower but the rate.
    local needsQuiet = feedback == 'rate' or parallel == 1 or isProbe or after >= 0
    parallel = math.max(1, math.floor(parallel / 2))
    successes = 0
    if needsQuiet then
      open(after)
    else
      epoch = epoch + 1
    end
  elseif after >= 0 then
    quiet = math.max(quiet, now + math.min(after, cap))
    trip(math.max(trips, 1))
  end
elseif interval > 0 and state[8] then
  -- A request that was not made takes nothing from the rate.
  redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tonumber(state[8]) - interval))
end

if isProbe then redis.call('HDEL', KEYS[1], 'probe') end
redis.call('HSET', KEYS[1], 'parallel', parallel, 'successes', successes, 'quiet', quiet,
  'epoch', epoch, 'failures', failures, 'trips', trips, 'since', since)
redis.call('PEXPIRE', KEYS[1], keep)
return {1, math.max(0, quiet - now)}
