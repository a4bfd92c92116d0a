-- Puts jobs into the queue: one or more calls of producers, carried out as one.
--
-- KEYS[15..] call:<id> of each call
-- ARGV: for each call its number of parts (integer), then its parts: lane, number of jobs, and an
--       envelope without version and times (`crashes|id|attempt|…`) for each of them; the number
--       is 0 for one job that has a unique key or waits, and then come delay (ms), job id,
--       unique key ('' for none), horizon (ms) and the envelope
-- Result: one string for each call: empty when all its jobs are queued, else one field for each
--         job, each led by `|`: empty when queued, the holder's id when its unique key is taken.
-- When the server is full, the first write is refused, and so nothing has happened.
--
-- Envelopes are not read here: a bad one is found out by the worker that gets it.

local HEAD = 'v1|' .. nowText .. '|' .. nowText .. '|'

-- Everything is checked before the first write: a refused call must leave nothing behind.
local calls, at = {}, 1

local function nextPart()
  local lane, number = ARGV[at], tonumber(ARGV[at + 1])
  if not LANES[lane] or not number or number < 0 then return nil end
  local part = {lane = lane, first = at + 2, last = at + 1 + number}
  if number == 0 then
    part.delay, part.horizon = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 5])
    if not part.delay or not part.horizon then return nil end
    part.id, part.unique, part.last = ARGV[at + 3], ARGV[at + 4], at + 6
  end
  at = part.last + 1
  if at > #ARGV + 1 then return nil end
  return part
end

for call = 15, #KEYS do
  local parts = {}
  local count = tonumber(ARGV[at])
  at = at + 1
  for i = 1, count or 0 do
    parts[i] = nextPart()
    if not parts[i] then return redis.error_reply('RBENVELOPE') end
  end
  calls[call - 14] = parts
end

local lists, holders, isHeld = {}, {}, false
local hasReady = false

local function enter(part)
  if part.id then
    local holder, isReady = admit(
      lists, part.delay, HEAD .. ARGV[part.last], part.id, part.unique, part.lane, part.horizon)
    hasReady = hasReady or isReady
    isHeld = isHeld or holder ~= nil
    holders[#holders + 1] = holder or ''
    return
  end
  local list = lists[part.lane] or {}
  lists[part.lane] = list
  for i = part.first, part.last do
    list[#list + 1] = HEAD .. ARGV[i]
    holders[#holders + 1] = ''
  end
  hasReady = true
  count('enqueued', part.last - part.first + 1)
end

local function carryOut(key, parts)
  local earlier = redis.call('GET', key)
  if earlier then return earlier end
  redis.call('SET', key, '', 'PX', CALL_MEMORY)
  holders, isHeld = {}, false
  for _, part in ipairs(parts) do enter(part) end
  if not isHeld then return '' end
  local answer = '|' .. table.concat(holders, '|')
  redis.call('SET', key, answer, 'PX', CALL_MEMORY)
  return answer
end

local results = {}
for i, parts in ipairs(calls) do results[i] = carryOut(KEYS[14 + i], parts) end
push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', LAYOUT) end
flushCounts()
if hasReady and not isPaused() then ring() end
return results
