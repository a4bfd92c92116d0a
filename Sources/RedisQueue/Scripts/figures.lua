-- figures: the queue's state in numbers, in one step; reads no list as a whole.
--
-- KEYS[1]  ctl
-- Returns time in ms, who, why and when of the pause (or ''), lengths of hi, std and low, suspects,
-- running, parked, dead, age of the oldest waiting job in ms (or ''), next due time in ms (or ''),
-- living workers, their slots, and the counters as a flat list of names and values.

local refused = layout()
if refused then return refused end
local pause = call('HMGET', CTL, 'pausedBy', 'pausedReason', 'pausedAt', 'running')
local oldest = ''
for _, list in ipairs({ READY.hi, READY.std, READY.low, SUSPECT }) do
  local first = call('LINDEX', list, -1)
  if first then
    local ready = string.match(first, '^v1|%d+|(%d+)|')
    local age = ready and math.max(0, now - tonumber(ready)) or 0
    if oldest == '' or age > oldest then oldest = age end
  end
end
local due = call('ZRANGE', LATER, 0, 0, 'WITHSCORES')
local living = call('ZRANGEBYSCORE', WORKERS, '(' .. int(now), '+inf')
local slots = 0
for i = 1, #living do
  slots = slots + tonumber(call('HGET', P .. 'worker:' .. living[i], 'slots') or 0)
end
return {
  int(now), pause[1] or '', pause[2] or '', pause[3] or '',
  call('LLEN', READY.hi), call('LLEN', READY.std), call('LLEN', READY.low), call('LLEN', SUSPECT),
  tonumber(pause[4] or 0), call('ZCARD', LATER), call('ZCARD', DEAD),
  oldest == '' and '' or int(oldest), due[2] and int(tonumber(due[2])) or '', #living, slots,
  call('HGETALL', STAT),
}
