-- Removes waiting, parked or dead jobs for good, those at the front first.
--
-- ARGV[1] most jobs (1 to PER_CALL); ARGV[2..] places: hi, std, low, suspect, later, dead
-- Result: {removed, left in those places}
-- A call ends at BATCH_BYTES of jobs, too. Unique keys of waiting and parked jobs are freed; those
-- of dead ones were when they died.

local most, removed, bytes = tonumber(ARGV[1]), 0, 0

local function isFull() return removed >= most or bytes >= BATCH_BYTES end

local function drop(e)
  local id, unique = parse(e)
  if not id then return end
  free(id, unique)
  redis.call('HDEL', KEYS[13], id)
end

local function purgeList(key)
  while not isFull() do
    local e = redis.call('RPOP', key)
    if not e then return end
    drop(e)
    removed = removed + 1
    bytes = bytes + #e
  end
end

local function purgeLane(lane)
  purgeList(LANES[lane])
  for _, limit in ipairs(keysOf(lane)) do
    if isFull() then return end
    local list, before = keyedList(lane, limit), removed
    purgeList(list)
    count('keyed:' .. lane, before - removed)
    if redis.call('EXISTS', list) == 0 and redis.call('ZREM', ROTATION[lane], limit) == 1 then
      tidy(lane)
    end
  end
end

local function purgeSet(set, hash, isDead)
  for _, id in ipairs(redis.call('ZRANGE', set, 0, most - removed - 1)) do
    if isFull() then return end
    local value = redis.call('HGET', hash, id)
    if value then
      local _, e = unnoted(value)
      if not isDead then drop(e) end
      bytes = bytes + #value
    end
    redis.call('HDEL', hash, id)
    redis.call('ZREM', set, id)
    removed = removed + 1
  end
end

local function left(place)
  if place == 'later' then return redis.call('ZCARD', KEYS[6]) end
  if place == 'dead' then return redis.call('ZCARD', KEYS[8]) end
  if LANES[place] then return waitingIn(place) end
  return redis.call('LLEN', KEYS[5])
end

-- Asked first, so that a key of a wrong type stops nothing half-way.
for i = 2, #ARGV do left(ARGV[i]) end
open()
for i = 2, #ARGV do
  local place = ARGV[i]
  if isFull() then break end
  if place == 'later' then
    purgeSet(KEYS[6], KEYS[7], false)
  elseif place == 'dead' then
    purgeSet(KEYS[8], KEYS[9], true)
  elseif place == 'suspect' then
    purgeList(KEYS[5])
  else
    purgeLane(place)
  end
end
if removed > 0 then count('purged', removed) end
flushCounts()
local rest = 0
for i = 2, #ARGV do rest = rest + left(ARGV[i]) end
return {removed, rest}
