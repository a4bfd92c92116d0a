-- Hands out one part of a feed: moves its cursor and pushes the part's jobs, unless the cursor
-- stands elsewhere.
--
-- KEYS[15] feed:<name>  STRING  position (integer), or 'closed'
-- ARGV[1] position that the caller saw, '' for none; ARGV[2] position afterwards;
-- ARGV[3..] envelopes without version and times, none with a unique key
-- Result: {'fed'} or {'moved', what the key holds or ''}
-- A producer like enqueue: when the server is full, the first write is refused.

local found = redis.call('GET', KEYS[15]) or ''
if found ~= ARGV[1] then return {'moved', found} end
local jobs = {}
for i = 3, #ARGV do
  local e = 'v1|' .. nowText .. '|' .. nowText .. '|' .. ARGV[i]
  local id, unique, _, _, lane, horizon = parse(e)
  if not id or unique ~= '' then return redis.error_reply('RBENVELOPE') end
  jobs[#jobs + 1] = {e, id, lane, horizon}
end

redis.call('SET', KEYS[15], ARGV[2])
local lists = {}
for _, job in ipairs(jobs) do admit(lists, 0, job[1], job[2], '', job[3], job[4]) end
push(lists)
if not layout then redis.call('HSET', KEYS[10], 'layout', LAYOUT) end
flushCounts()
if #jobs > 0 and not isPaused() then ring() end
return {'fed'}
