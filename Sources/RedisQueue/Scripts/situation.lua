-- What explains why the queue's work moves or not, beside its figures; writes nothing.
--
-- Result: {now, age of the front of hi, std, low and suspect, each or '', solo worker or '',
--          its end, last reap or ''}; times in ms

local function age(key)
  local front = frontAge(key)
  return front and text(front) or ''
end

local ctl = redis.call('HMGET', KEYS[10], 'solo', 'soloUntil', 'reaped')
local isSolo = ctl[1] and tonumber(ctl[2] or '0') > now
return {
  nowText, age(KEYS[2]), age(KEYS[3]), age(KEYS[4]), age(KEYS[5]),
  isSolo and ctl[1] or '', isSolo and ctl[2] or '', ctl[3] or '',
}
