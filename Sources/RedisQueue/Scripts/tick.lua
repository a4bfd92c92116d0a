-- Fires one instant of a schedule, unless it or a later one has fired.
--
-- KEYS[15] tick:<schedule>
-- ARGV[1] instant (ms), ARGV[2] delay (ms), ARGV[3] envelope without version and times
-- Result: {'fired'}, {'already'} or {'held', holder's job id}
-- A producer like enqueue: when the server is full, the first write is refused.

local last = redis.call('GET', KEYS[15])
if last and tonumber(last) >= tonumber(ARGV[1]) then return {'already'} end
local envelope = 'v1|' .. nowText .. '|' .. nowText .. '|' .. ARGV[3]
local id, unique, _, _, lane, horizon = parse(envelope)
if not id then return redis.error_reply('RBENVELOPE') end

redis.call('SET', KEYS[15], ARGV[1])
local lists = {}
local holder, isReady =
  admit(lists, tonumber(ARGV[2]), envelope, id, unique, lane, horizon)
push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', LAYOUT) end
flushCounts()
if isReady and not isPaused() then ring() end
if holder then return {'held', holder} end
return {'fired'}
