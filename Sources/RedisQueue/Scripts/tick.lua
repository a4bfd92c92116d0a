-- Fires one instant of a schedule, unless it or a later one has fired.
--
-- KEYS[15] tick:<schedule>   STRING  the last instant (ms)
-- KEYS[16] hold:<schedule>   HASH    pausedBy, pausedWhy, pausedAt (ms), while it is paused
-- KEYS[17] ticks:<schedule>  LIST    'instant|taken at|outcome' (ms), newest first
-- ARGV[1] instant (ms), ARGV[2] delay (ms), ARGV[3] lane and ARGV[4] envelope as enqueue takes them
-- ARGV[5] '1' when it comes long after its instant, ARGV[6] notes that are kept
-- Result: {'fired', delay (ms) that producers are asked for, or 0}, {'already'},
--         {'held', holder's job id}, {'paused', by whom}, or
--         {'refused', lane, wait (ms)}: the instant has not fired
-- A producer like enqueue: when the server is full, the first write is refused.

local last = redis.call('GET', KEYS[15])
if last and tonumber(last) >= tonumber(ARGV[1]) then return {'already'} end
local _, key = laneOf(ARGV[3])
local envelope = (key and HEAD_2 or HEAD) .. ARGV[4]
local id, unique, _, _, lane, horizon, _, _, _, limit = parse(envelope)
if not id then return redis.error_reply('RBENVELOPE') end
local pausedBy = redis.call('HGET', KEYS[16], 'pausedBy')

-- What a paused schedule lets pass needs no room.
if not pausedBy then
  if isRefused(lane) then return {'refused', lane, SLOW_MOST} end
end
noteMemory(memory, isMeasured)
redis.call('SET', KEYS[15], ARGV[1])
local lists = {}
local outcome, holder
if pausedBy then
  outcome = 'skipped'
else
  holder = admit(lists, tonumber(ARGV[2]), envelope, id, unique, lane, horizon, limit)
  outcome = holder and 'held' or ARGV[5] == '1' and 'caught-up' or 'fired'
end
local isReady = push(lists)
redis.call('LPUSH', KEYS[17], ARGV[1] .. '|' .. nowText .. '|' .. outcome)
redis.call('LTRIM', KEYS[17], 0, tonumber(ARGV[6]) - 1)
if not layout then redis.call('HSET', KEYS[10], 'layout', 1) end
flushCounts()
if isReady and not isPaused() then ring() end
if pausedBy then return {'paused', pausedBy} end
if holder then return {'held', holder} end
return {'fired', slowDown}
