-- The living workers, at most PER_CALL, the first to end first; writes nothing.
--
-- Result: for each {worker, end (ms), host, process id, version, started (ms), slots, busy,
--         batch, …}

local batches = {}
for _, batch in ipairs(redis.call('ZRANGE', KEYS[1], 0, PER_CALL - 1)) do
  local owner = string.match(batch, '^..(.*)%.%d+$') or ''
  local list = batches[owner] or {}
  batches[owner] = list
  list[#list + 1] = batch
end
local living = redis.call('ZRANGEBYSCORE', KEYS[14], '(' .. nowText, '+inf', 'WITHSCORES',
  'LIMIT', 0, PER_CALL)
local result = {}
for i = 1, #living, 2 do
  local worker = living[i]
  local fields = redis.call('HMGET', PREFIX .. 'worker:' .. worker, 'host', 'pid', 'version',
    'started', 'slots', 'busy')
  if fields[1] then
    local row = {worker, text(tonumber(living[i + 1])), unpack(fields)}
    for _, batch in ipairs(batches[worker] or {}) do row[#row + 1] = batch end
    result[#result + 1] = row
  end
end
return result
