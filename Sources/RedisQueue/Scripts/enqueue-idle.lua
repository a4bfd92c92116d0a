-- Stands between the clock and the prelude of enqueue: a new call with one plain job for a queue in
-- which nothing waits.
--
-- It does what the whole script would do with that call, and leaves all others to it with nothing
-- changed. On an idle machine everything is cold, and what is touched is what is paid for: the
-- definitions of the prelude alone take longer than this.
--
-- KEYS, ARGV and result as in enqueue.lua.

local function enqueueWhenIdle()
  local list = ARGV[2] == 'std' and KEYS[3] or ARGV[2] == 'hi' and KEYS[2]
  if not list or #KEYS ~= 15 or #ARGV ~= 4 or ARGV[1] ~= '1' or ARGV[3] ~= '1'
    or redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[11], KEYS[15]) > 0 then
    return nil
  end
  local ctl = redis.call('HMGET', KEYS[10], 'layout', 'pausedBy', 'softDepth', 'softMemory',
    'memory', 'memoryAt', 'keyed:hi', 'keyed:std', 'keyed:low')
  local layout, memory = tonumber(ctl[1] or nil), tonumber(ctl[5] or nil)
  local measured = tonumber(ctl[6] or nil)
  if not layout or layout > LAYOUT or ctl[2] or not memory or not measured
    or math.abs(now - measured) >= MEASURED_LAST or memory >= tonumber(ctl[4] or SOFT_MEMORY) then
    return nil
  end
  local depth = redis.call('ZCARD', KEYS[6]) + tonumber(ctl[7] or 0) + tonumber(ctl[8] or 0)
    + tonumber(ctl[9] or 0)
  if depth >= tonumber(ctl[3] or SOFT_DEPTH) then return nil end
  redis.call('SET', KEYS[15], '', 'PX', CALL_MEMORY)
  redis.call('LPUSH', list, 'v1|' .. nowText .. '|' .. nowText .. '|' .. ARGV[4])
  redis.call('HINCRBY', KEYS[12], 'enqueued', 1)
  redis.call('RPUSH', KEYS[11], '1')
  return {'', '0'}
end

do
  local answer = enqueueWhenIdle()
  if answer then return answer end
end
