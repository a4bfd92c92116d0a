-- Hands out one part of a feed: moves its cursor and pushes the part's jobs, unless the cursor
-- stands elsewhere.
--
-- KEYS[15] feed:<name>  STRING  position (integer), or 'closed'
-- ARGV[1] position that the caller saw, '' for none; ARGV[2] position afterwards;
-- ARGV[3..] lane and envelope of each job as enqueue takes them, none with a unique key
-- Result: {'fed', delay (ms) that producers are asked for, or 0},
--         {'moved', what the key holds or ''}, or
--         {'refused', lane, wait (ms)}: the cursor stands where it stood
-- A producer like enqueue: when the server is full, the first write is refused.

-- How long a cursor is kept that nobody moves, as that of a plan that is done; a feed that goes on
-- later begins with the first job that has not ended (ms).
local CURSOR_AGE = 30 * 24 * 60 * 60 * 1000

local found = redis.call('GET', KEYS[15]) or ''
if found ~= ARGV[1] then return {'moved', found} end
local jobs = {}
for i = 3, #ARGV, 2 do
  local _, key = laneOf(ARGV[i])
  local e = (key and HEAD_2 or HEAD) .. (ARGV[i + 1] or '')
  local id, unique, _, _, lane, horizon, _, _, _, limit = parse(e)
  if not id or unique ~= '' then return redis.error_reply('RBENVELOPE') end
  if isRefused(lane) then return {'refused', lane, SLOW_MOST} end
  jobs[#jobs + 1] = {e, id, lane, horizon, limit}
end

noteMemory(memory, isMeasured)
redis.call('SET', KEYS[15], ARGV[2])
redis.call('PEXPIRE', KEYS[15], CURSOR_AGE)
local lists = {}
for _, job in ipairs(jobs) do admit(lists, 0, job[1], job[2], '', job[3], job[4], job[5]) end
local hasReady = push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', 1) end
flushCounts()
if hasReady and not isPaused() then ring() end
return {'fed', slowDown}
