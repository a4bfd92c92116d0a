-- Puts jobs into the queue: one or more calls of producers, carried out as one.
--
-- KEYS[15..] call:<id> of each call
-- ARGV: for each call its number of parts (integer), then its parts: lane, number of jobs, and an
--       envelope without version and times (`crashes|id|attempt|…`) for each of them; the number
--       is 0 for one job that has a unique key or waits, and then come delay (ms), job id,
--       unique key ('' for none), horizon (ms) and the envelope. Envelopes of version 2 have
--       `<lane>:<limit key>` in place of the lane; the key may be empty
-- Result: one string for each call: empty when all its jobs are queued, else one field for each
--         job, each led by `|`: empty when queued, the holder's id when its unique key is taken;
--         or `!`, a lane and a wait (ms), when the queue takes no jobs of that lane now: nothing
--         of that call is queued then. Last the delay (ms) that producers are asked for, or 0.
-- When the server is full, the first write is refused, and so nothing has happened.
--
-- Envelopes are not read here: a bad one is found out by the worker that gets it.

-- Everything is checked before the first write: a refused call must leave nothing behind.
local calls, at = {}, 1

local function nextPart()
  local name, number = ARGV[at], tonumber(ARGV[at + 1])
  local lane, limit = laneOf(name)
  if not lane or not number or number < 0 then return nil end
  local part = {lane = lane, limit = limit or '', head = limit and HEAD_2 or HEAD,
    first = at + 2, last = at + 1 + number}
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

-- Of the call that is carried out: its jobs so far, and by position those whose key was taken.
local lists, position, holders = {}, 0, {}

local function enter(part)
  if part.id then
    position = position + 1
    holders[position] = admit(lists, part.delay, part.head .. ARGV[part.last], part.id, part.unique,
      part.lane, part.horizon, part.limit)
    return
  end
  if part.head == HEAD_2 then raiseLayout(HEAD_2) end
  local list = listFor(lists, part.lane, part.limit)
  local head, length = part.head, #list
  for i = part.first, part.last do
    length = length + 1
    list[length] = head .. ARGV[i]
  end
  local number = part.last - part.first + 1
  position = position + number
  count('enqueued', number)
end

local function carryOut(key, parts)
  local earlier = redis.call('GET', key)
  if earlier then return earlier end
  if level >= 2 then
    for _, part in ipairs(parts) do
      if isRefused(part.lane) then return '!' .. part.lane .. ' ' .. SLOW_MOST end
    end
  end
  redis.call('SET', key, '', 'PX', CALL_MEMORY)
  position, holders = 0, {}
  for _, part in ipairs(parts) do enter(part) end
  if not next(holders) then return '' end
  for i = 1, position do holders[i] = holders[i] or '' end
  local answer = '|' .. table.concat(holders, '|')
  redis.call('SET', key, answer, 'PX', CALL_MEMORY)
  return answer
end

noteMemory(memory, isMeasured)
local results = {}
for i, parts in ipairs(calls) do results[i] = carryOut(KEYS[14 + i], parts) end
local hasReady = push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', 1) end
flushCounts()
if hasReady and not isPaused() then ring() end
results[#results + 1] = tostring(slowDown)
return results
