-- Stands between the prelude and what asks how full the server is.
--
-- `memory` (percent of maxmemory) and `memoryAt` (ms) of ctl are what was measured last. It is
-- measured at most once in MEASURE_EVERY ms.

-- The memory in use, in percent, and whether it was measured now.
local function memoryShare(known, at)
  local share, measured = tonumber(known or nil), tonumber(at or nil)
  if share and measured and math.abs(now - measured) < MEASURE_EVERY then return share end
  local info = redis.pcall('INFO', 'memory')
  -- A user without the right to ask goes by the depth alone.
  if type(info) ~= 'string' then return 0, true end
  local most = tonumber(string.match(info, '\nmaxmemory:(%d+)') or '0')
  local used = tonumber(string.match(info, '\nused_memory:(%d+)') or '0')
  return most > 0 and math.floor(used * 100 / most) or 0, true
end

-- Keeps what was measured for the next calls. A full server keeps nothing, and still answers.
local function noteMemory(share, isMeasured)
  if isMeasured then redis.pcall('HSET', KEYS[10], 'memory', share, 'memoryAt', nowText) end
end
