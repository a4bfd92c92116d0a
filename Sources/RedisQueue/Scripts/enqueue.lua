-- Puts jobs into the queue: one or more calls of producers, carried out as one.
--
-- KEYS[15..] call:<id> of each call
-- ARGV: for each call its number of jobs (integer), then for each of its jobs the delay (ms) and
--       the envelope without version and times (`crashes|id|attempt|…`)
-- Result: one string for each call: empty when all its jobs are queued, else one field for each
--         job, each led by `|`: empty when queued, the holder's id when its unique key is taken.
-- When the server is full, the first write is refused, and so nothing has happened.

local HEAD = 'v1|' .. nowText .. '|' .. nowText .. '|'

-- Everything is checked before the first write: a refused envelope must not leave half a call.
local calls = {}
do
  local at = 1
  for call = 15, #KEYS do
    local jobs = {}
    for job = 1, tonumber(ARGV[at]) do
      local e = HEAD .. ARGV[at + 2 * job]
      local id, unique, _, _, lane, horizon = parse(e)
      if not id then return redis.error_reply('RBENVELOPE') end
      jobs[job] = {tonumber(ARGV[at + 2 * job - 1]), e, id, unique, lane, horizon}
    end
    at = at + 1 + 2 * #jobs
    calls[call - 14] = jobs
  end
end

local lists = {}
local hasReady = false

local function carryOut(key, jobs)
  local earlier = redis.call('GET', key)
  if earlier then return earlier end
  redis.call('SET', key, '', 'PX', CALL_MEMORY)
  local holders, isHeld = {}, false
  for i, job in ipairs(jobs) do
    local holder, isReady = admit(lists, unpack(job))
    hasReady = hasReady or isReady
    isHeld = isHeld or holder ~= nil
    holders[i] = holder or ''
  end
  if not isHeld then return '' end
  local answer = '|' .. table.concat(holders, '|')
  redis.call('SET', key, answer, 'PX', CALL_MEMORY)
  return answer
end

local results = {}
for i, jobs in ipairs(calls) do results[i] = carryOut(KEYS[14 + i], jobs) end
push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', LAYOUT) end
flushCounts()
if hasReady and not isPaused() then ring() end
return results
