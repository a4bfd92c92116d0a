-- Keeps a worker and its batches alive, and measures how full the server is, so that a producer of
-- an idle queue need not.
--
-- KEYS[15] worker:<id>
-- ARGV[1] worker, ARGV[2] host, ARGV[3] process id, ARGV[4] version, ARGV[5] started (ms),
-- ARGV[6] slots, ARGV[7] busy, ARGV[8..] batches
--
-- Result: {unsettled jobs of each batch in order, or -1 when it is gone}, {ids of cancelled jobs}

open()
local hasCancels = redis.call('HLEN', KEYS[13]) > 0
local remaining, cancelled = {}, {}
for i = 8, #ARGV do
  local left = -1
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], 'XX', now + LEASE, ARGV[i])
    left = 0
    local slots = redis.call('LRANGE', PREFIX .. 'run:' .. ARGV[i], 1, -1)
    for _, e in ipairs(slots) do
      if e ~= '' then
        left = left + 1
        if hasCancels then
          local id = known(e)
          if id and redis.call('HEXISTS', KEYS[13], id) == 1 then cancelled[#cancelled + 1] = id end
        end
      end
    end
  end
  remaining[#remaining + 1] = left
end
redis.call('ZADD', KEYS[14], now + LEASE, ARGV[1])
redis.call('HSET', KEYS[15], 'host', ARGV[2], 'pid', ARGV[3], 'version', ARGV[4],
  'started', ARGV[5], 'slots', ARGV[6], 'busy', ARGV[7])
redis.call('PEXPIRE', KEYS[15], 86400000)
local measured = redis.call('HMGET', KEYS[10], 'memory', 'memoryAt')
noteMemory(memoryShare(measured[1], measured[2]))
return {remaining, cancelled}
