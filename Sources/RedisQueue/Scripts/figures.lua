-- The queue in numbers; writes nothing.
--
-- Result: {now, pausedBy or '', pausedWhy, pausedAt, hi, std, low, suspects, running, later, dead,
--          oldest age or '', next due or '', workers, slots, {name, counter, …}}; times in ms

local ctl = redis.call('HMGET', KEYS[10], 'pausedBy', 'pausedWhy', 'pausedAt', 'running')
local oldest
local function look(key)
  local age = frontAge(key)
  if age and (not oldest or age > oldest) then oldest = age end
end
for i = 2, 5 do look(KEYS[i]) end
-- Those that have not been served for longest, and those that come back first.
for _, lane in ipairs(LANE_NAMES) do
  for _, set in ipairs({ROTATION[lane], REST}) do
    for _, limit in ipairs(redis.call('ZRANGE', set, 0, KEYS_PER_CALL - 1)) do
      look(keyedList(lane, limit))
    end
  end
end
local due = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
local living = redis.call('ZRANGEBYSCORE', KEYS[14], '(' .. nowText, '+inf', 'LIMIT', 0, PER_CALL)
local slots = 0
for _, worker in ipairs(living) do
  slots = slots + (tonumber(redis.call('HGET', PREFIX .. 'worker:' .. worker, 'slots')) or 0)
end
return {
  nowText, ctl[1] or '', ctl[2] or '', ctl[3] or '0',
  waitingIn('hi'), waitingIn('std'), waitingIn('low'),
  redis.call('LLEN', KEYS[5]), tonumber(ctl[4]) or 0,
  redis.call('ZCARD', KEYS[6]), redis.call('ZCARD', KEYS[8]),
  oldest and text(oldest) or '', due[2] and text(tonumber(due[2])) or '', #living, slots,
  redis.call('HGETALL', KEYS[12]),
}
