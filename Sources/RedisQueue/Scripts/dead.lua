-- dead: runs dead jobs again, or removes them for good.
--
-- KEYS[1]    ctl
-- ARGV[1]    'retry' or 'discard'
-- ARGV[2...] job ids
-- Returns one text for each id: 'queued' or 'discarded', 'none' when it is not in `dead`, or
-- 'held|<id>' when another job holds its unique key.

local refused = layout()
if refused then return refused end
if #ARGV > 501 or #ARGV < 2 or (ARGV[1] ~= 'retry' and ARGV[1] ~= 'discard') then
  return fail('dead: malformed arguments')
end
call('ZREM', LEASE, '')
local answers, queued = {}, 0

local function retry(id, value)
  local _, body = unpacked(value)
  local job = envelope(body)
  local lane = 'std'
  if job then
    if job.unique ~= '' then
      local holder = call('GET', uniqueKey(job.unique))
      if holder then return 'held|' .. holder end
      renew(job, 0)
    end
    job.attempt, job.crashes, lane, body = 1, 0, job.lane, nil
    body = stamped(job)
  end
  call('LPUSH', READY[lane], body)
  queued = queued + 1
  return 'queued'
end

for i = 2, #ARGV do
  local id = ARGV[i]
  local value = call('HGET', DEADBODY, id)
  local answer = 'none'
  if value then
    answer = 'discarded'
    if ARGV[1] == 'retry' then answer = retry(id, value) end
    if answer == 'queued' or answer == 'discarded' then
      call('HDEL', DEADBODY, id)
      call('ZREM', DEAD, id)
    end
  end
  answers[i - 1] = answer
end
if queued > 0 and not isPaused() then ring() end
return answers
