-- reap: takes back batches whose workers are gone.
--
-- KEYS[1]  ctl
-- ARGV[1]  most batches
-- ARGV[2]  lease, ms
-- ARGV[3]  time without any reap after which everybody must have been away, ms
-- ARGV[4]  lone crashes after which a job is taken for a killer
-- ARGV[5]  age of dead jobs, ms
-- ARGV[6]  number of dead jobs
-- Returns batches, suspects, dead, 1 when it was a grace.

local refused = layout()
if refused then return refused end
local limit, leaseTime, grace = whole(ARGV[1]), whole(ARGV[2]), whole(ARGV[3])
local crashesMax, deadAge, deadMax = whole(ARGV[4]), whole(ARGV[5]), whole(ARGV[6])
if not (limit and leaseTime and grace and crashesMax and deadAge and deadMax) or limit < 0 then
  return fail('reap: malformed arguments')
end
call('ZREM', LEASE, '')

local last = tonumber(call('HGET', CTL, 'reaped') or 0)
call('HSET', CTL, 'reaped', int(now))
-- A lease that ends later than any could have been given: the clock went back.
local tooLong = call('ZRANGEBYSCORE', LEASE, '(' .. int(now + leaseTime), '+inf')
for i = 1, #tooLong do call('ZADD', LEASE, 'XX', int(now + leaseTime), tooLong[i]) end
if now - last > grace then
  -- Redis was away, or everybody was: nobody could beat, so nobody is reaped for it.
  local short = call('ZRANGEBYSCORE', LEASE, '-inf', '(' .. int(now + grace))
  for i = 1, #short do call('ZADD', LEASE, 'XX', int(now + grace), short[i]) end
  count('graces', 1)
  return { 0, 0, 0, 1 }
end
call('ZREMRANGEBYSCORE', WORKERS, '-inf', int(now))

local ended = call('ZRANGEBYSCORE', LEASE, '-inf', int(now), 'LIMIT', 0, limit)
local suspects, dead, reaped = 0, 0, 0
for i = 1, #ended do
  local batch = ended[i]
  local isSolo = string.sub(batch, 1, 2) == 's-'
  local WORKER = P .. 'worker:' .. string.match(batch, '^%l%-(.*)%.%d+$')
  local run = P .. 'run:' .. batch
  local slots, back = call('LRANGE', run, 0, -1), {}
  for s = 1, #slots do
    local job = slots[s] ~= '' and envelope(slots[s])
    if job then
      reaped = reaped + 1
      if isSolo then job.crashes = job.crashes + 1 end
      local text = stamped(job)
      if isSolo and job.crashes >= crashesMax then
        bury(job.id, text, job, 'crashed worker')
        dead = dead + 1
      else
        renew(job, 0)
        back[#back + 1] = text
      end
    end
  end
  if #back > 0 then call('LPUSH', SUSPECT, unpack(back)) end
  suspects = suspects + #back
  call('UNLINK', run)
  call('ZREM', LEASE, batch)
  if call('EXISTS', WORKER) == 1 then
    call('HDEL', WORKER, 'fence:' .. batch)
    call('HSET', WORKER, 'reaped:' .. batch, 1)
  end
end
if reaped > 0 then call('HINCRBY', CTL, 'running', -reaped) end
count('reaped', reaped)
count('died', dead)
if dead > 0 then trimDead(deadAge, deadMax) end
return { #ended, suspects, dead, 0 }
