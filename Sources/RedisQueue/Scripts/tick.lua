-- Fires one instant of a schedule, unless it or a later one has fired.
--
-- KEYS[15] tick:<schedule>   STRING  the last instant (ms)
-- KEYS[16] hold:<schedule>   HASH    pausedBy, pausedWhy, pausedAt (ms), while it is paused
-- KEYS[17] ticks:<schedule>  LIST    'instant|taken at|outcome' (ms), newest first
-- ARGV[1] instant (ms), ARGV[2] delay (ms), ARGV[3] envelope without version and times,
-- ARGV[4] '1' when it comes long after its instant, ARGV[5] notes that are kept
-- Result: {'fired'}, {'already'}, {'held', holder's job id} or {'paused', by whom}
-- A producer like enqueue: when the server is full, the first write is refused.

local last = redis.call('GET', KEYS[15])
if last and tonumber(last) >= tonumber(ARGV[1]) then return {'already'} end
local envelope = 'v1|' .. nowText .. '|' .. nowText .. '|' .. ARGV[3]
local id, unique, _, _, lane, horizon = parse(envelope)
if not id then return redis.error_reply('RBENVELOPE') end
local pausedBy = redis.call('HGET', KEYS[16], 'pausedBy')

redis.call('SET', KEYS[15], ARGV[1])
local lists = {}
local outcome, holder, isReady
if pausedBy then
  outcome = 'skipped'
else
  holder, isReady = admit(lists, tonumber(ARGV[2]), envelope, id, unique, lane, horizon)
  outcome = holder and 'held' or ARGV[4] == '1' and 'caught-up' or 'fired'
end
push(lists)
redis.call('LPUSH', KEYS[17], ARGV[1] .. '|' .. nowText .. '|' .. outcome)
redis.call('LTRIM', KEYS[17], 0, tonumber(ARGV[5]) - 1)
if not layout then redis.call('HSET', KEYS[10], 'layout', LAYOUT) end
flushCounts()
if isReady and not isPaused() then ring() end
if pausedBy then return {'paused', pausedBy} end
if holder then return {'held', holder} end
return {'fired'}
