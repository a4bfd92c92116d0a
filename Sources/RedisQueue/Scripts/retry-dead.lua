-- Puts dead jobs back at the end of their lanes: attempt 1, no crashes, unique key claimed again.
--
-- ARGV: job ids, at most PER_CALL
-- Result: for each id 'queued', 'missing', or 'held|' and the holder's job id

open()
local answers, hasQueued = {}, false
for i, id in ipairs(ARGV) do
  local value = redis.call('HGET', KEYS[9], id)
  local answer = 'queued'
  if not value then
    answer = 'missing'
  else
    local _, body = unnoted(value)
    local owner, unique, _, at, lane, horizon, created, _, _, limit = parse(body)
    local holder = owner and unique ~= '' and redis.call('GET', PREFIX .. 'uniq:' .. unique)
    if holder then
      answer = 'held|' .. holder
    else
      if owner then
        renew(owner, unique, horizon)
        body = stamped(body, owner, '1', at, created, '0')
      end
      push({[lane and (limit == '' and lane or lane .. ':' .. limit) or 'std'] = {body}})
      redis.call('ZREM', KEYS[8], id)
      redis.call('HDEL', KEYS[9], id)
      hasQueued = true
    end
  end
  answers[i] = answer
end
flushCounts()
if hasQueued and not isPaused() then ring() end
return answers
