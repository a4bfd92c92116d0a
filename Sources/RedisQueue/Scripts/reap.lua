-- Takes back batches whose leases have ended.
--
-- ARGV[1] most batches
-- Result: {batches, jobs to suspect, jobs to dead, grace}; grace is 0 or 1
--
-- Unsettled jobs go to `suspect`; only the job of a solo batch has crashed, for only there it is
-- known which one it was. What is no envelope goes to `dead`. A reaped delivery is no attempt. When
-- nobody has reaped for GRACE, everybody was away: all leases get that much time, and nothing is
-- taken in this call.

local last = tonumber(redis.call('HGET', KEYS[10], 'reaped') or '0')
open()
redis.call('HSET', KEYS[10], 'reaped', nowText)

-- Leases longer than a lease are left over from a clock that went back, and so is such a duty.
for _, batch in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now + LEASE), '+inf')) do
  redis.call('ZADD', KEYS[1], now + LEASE, batch)
end
local duty = redis.call('HMGET', KEYS[10], 'solo', 'soloUntil')
local soloWorker, soloUntil = duty[1], tonumber(duty[2] or nil)
if soloUntil and soloUntil > now + SOLO_DUTY then
  redis.call('HDEL', KEYS[10], 'solo', 'soloUntil')
end

if now - last > GRACE then
  -- All of them, without a limit: one that is left out would be reaped by the next call.
  local short = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. text(now + GRACE))
  for _, batch in ipairs(short) do redis.call('ZADD', KEYS[1], now + GRACE, batch) end
  redis.call('HINCRBY', KEYS[12], 'graces', 1)
  return {0, 0, 0, 1}
end

local suspects, dead = 0, 0

local function takeBack(e, isSolo, garbage, freed)
  local id, unique, attempt, at, _, horizon, created, crashes, _, limit = parse(e)
  if not id then
    bury(garbage, e, 'malformed envelope')
    dead = dead + 1
    return
  end
  if limit ~= '' then freed[limit] = (freed[limit] or 0) + 1 end
  if isSolo then crashes = text(tonumber(crashes) + 1) end
  local body = stamped(e, id, attempt, at, created, crashes)
  if isSolo and tonumber(crashes) >= CRASHES then
    free(id, unique)
    redis.call('HDEL', KEYS[13], id)
    bury(id, body, 'crashed worker')
    dead = dead + 1
  else
    renew(id, unique, horizon)
    redis.call('LPUSH', KEYS[5], body)
    suspects = suspects + 1
  end
end

-- Nobody waits for a worker that is gone to run suspects.
local presence = soloWorker and tonumber(redis.call('ZSCORE', KEYS[14], soloWorker) or nil)
if presence and presence <= now then redis.call('HDEL', KEYS[10], 'solo', 'soloUntil') end
redis.call('ZREMRANGEBYSCORE', KEYS[14], '-inf', now)
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
local hasWoken = false
for _, batch in ipairs(ended) do
  local freed = {}
  local run = PREFIX .. 'run:' .. batch
  local slots = redis.call('LRANGE', run, 0, -1)
  for i = 2, #slots do
    local garbage = 'garbage-' .. slots[1] .. '-' .. (i - 2)
    if slots[i] ~= '' then takeBack(slots[i], string.sub(batch, 1, 1) == 's', garbage, freed) end
  end
  hasWoken = giveKeysBack(batch, freed) or hasWoken
  redis.call('UNLINK', run)
  redis.call('ZREM', KEYS[1], batch)
  local owner = PREFIX .. 'worker:' .. string.match(batch, '^..(.*)%.%d+$')
  if redis.call('EXISTS', owner) == 1 then redis.call('HSET', owner, 'r:' .. batch, '1') end
end
if dead > 0 then
  count('died', dead)
  trimDead()
end
if suspects + dead > 0 then
  count('reaped', suspects + dead)
  count('running', -suspects - dead)
end
flushCounts()
if hasWoken and not isPaused() then ring() end
return {#ended, suspects, dead, 0}
