-- Fires one instant of a schedule, unless it or a later one has fired.
--
-- KEYS[15] tick:<schedule>
-- ARGV[1] instant (ms), ARGV[2] delay (ms), ARGV[3] lane and ARGV[4] envelope as enqueue takes them
-- Result: {'fired', delay (ms) that producers are asked for, or 0}, {'already'},
--         {'held', holder's job id}, or {'refused', lane, wait (ms)}: the instant has not fired
-- A producer like enqueue: when the server is full, the first write is refused.

local last = redis.call('GET', KEYS[15])
if last and tonumber(last) >= tonumber(ARGV[1]) then return {'already'} end
local _, key = laneOf(ARGV[3])
local envelope = (key and HEAD_2 or HEAD) .. ARGV[4]
local id, unique, _, _, lane, horizon, _, _, _, limit = parse(envelope)
if not id then return redis.error_reply('RBENVELOPE') end

if isRefused(lane) then return {'refused', lane, SLOW_MOST} end
noteMemory()
redis.call('SET', KEYS[15], ARGV[1])
local lists = {}
local holder = admit(lists, tonumber(ARGV[2]), envelope, id, unique, lane, horizon, limit)
local isReady = push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', 1) end
flushCounts()
if isReady and not isPaused() then ring() end
if holder then return {'held', holder} end
return {'fired', slowDown}
