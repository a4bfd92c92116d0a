-- Part of `enqueue` and `tick`: how one new job enters the queue.

-- Parses the arguments of one job, three of them from ARGV[at]:
--   at      lane
--   at + 1  empty, or `delayMs|uniqueLifeMs|id|unique`
--   at + 2  the envelope from the crashes on
-- Returns nil when they are malformed. Reads nothing, writes nothing.
local function parsed(at)
  local lane, options, tail = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if not lane or not READY[lane] or not options or not tail then return nil end
  local job = { lane = lane, tail = tail, delay = 0, unique = '' }
  if options ~= '' then
    local delay, life, id, unique = string.match(options, '^(%d+)|(%d+)|([!-z~]+)|([!-z~]*)$')
    if not delay then return nil end
    job.delay, job.life, job.id, job.unique = tonumber(delay), life, id, unique
  end
  return job
end

-- Claims the unique key and parks the job, or says that it is to be pushed.
-- Returns the holder of the key when there is one, else nil; then the job's text in `push`.
local function admit(job, push)
  if job.unique ~= '' then
    local key = uniqueKey(job.unique)
    local holder = call('GET', key)
    if holder then return holder end
    call('SET', key, job.id, 'PX', job.life)
  end
  local text = 'v1|' .. int(now) .. '|' .. int(now) .. '|' .. job.tail
  if job.delay > 0 then
    call('ZADD', LATER, int(now + job.delay), job.id)
    call('HSET', PARKED, job.id, packed('', text))
  else
    local list = push[job.lane]
    list[#list + 1] = text
  end
  return nil
end

-- Pushes what `admit` has gathered and rings; returns how many.
local function pushAll(push)
  local n = 0
  for lane, list in pairs(push) do
    if #list > 0 then
      call('LPUSH', READY[lane], unpack(list))
      n = n + #list
    end
  end
  if n > 0 and not isPaused() then ring() end
  return n
end
