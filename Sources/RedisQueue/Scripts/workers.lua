-- workers: the living worker processes, and their batches.
--
-- KEYS[1]  ctl
-- Returns one list for each: id, expiry in ms, host, process id, version, start, slots, busy, then
-- its batches; soonest expiry first.

local refused = layout()
if refused then return refused end
local batches = {}
for _, batch in ipairs(call('ZRANGE', LEASE, 0, -1)) do
  local worker = string.match(batch, '^%l%-(.*)%.%d+$')
  if worker then
    batches[worker] = batches[worker] or {}
    table.insert(batches[worker], batch)
  end
end
local answer = {}
local living = call('ZRANGEBYSCORE', WORKERS, '(' .. int(now), '+inf', 'WITHSCORES')
for i = 1, #living, 2 do
  local f = call('HMGET', P .. 'worker:' .. living[i], 'host', 'pid', 'version', 'started', 'slots',
    'busy')
  if f[1] then
    local row = { living[i], int(tonumber(living[i + 1])), f[1], f[2], f[3], f[4], f[5], f[6] }
    for _, batch in ipairs(batches[living[i]] or {}) do row[#row + 1] = batch end
    answer[#answer + 1] = row
  end
end
return answer
