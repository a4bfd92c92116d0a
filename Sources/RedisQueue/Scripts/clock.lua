-- Stands first in every script. Before it stands one line of constants, written by the program:
-- LAYOUT, LEASE, GRACE, SUSPECT_AGE, CALL_MEMORY (ms), BATCH_BYTES, PAYLOAD_BYTES, CRASHES,
-- DEAD_COUNT, DEAD_AGE (ms), PER_CALL, MEASURE_EVERY and MEASURED_LAST (ms), and the marks of
-- pressure.lua.

-- A number as text with all its digits; concatenation alone would cut it at fourteen.
local function text(number)
  return string.format('%.0f', number)
end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local nowMicroseconds = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local nowText = text(now)
