-- turn: settles jobs of a batch and fetches the next batch, in one step.
--
-- KEYS[1]    ctl
-- ARGV[1]    worker
-- ARGV[2]    number of this call, rising
-- ARGV[3]    most jobs to fetch; 0 only settles
-- ARGV[4]    1 when the process has nothing else in flight, else 0
-- ARGV[5]    lease, ms
-- ARGV[6]    most bytes of a batch
-- ARGV[7]    most bytes of a hand-pushed job's arguments
-- ARGV[8]    age of the oldest suspect from which one worker must fall idle, ms
-- ARGV[9]    age of dead jobs, ms
-- ARGV[10]   number of dead jobs
-- ARGV[11]   batch to settle, as `b-<worker>.<n>` or `s-<worker>.<n>`; '' for none
-- ARGV[12]   its worker
-- ARGV[13...] five for each outcome: position from 0, job id, what, wait in ms, reason; what is
--            d (done), x (discard), r (retry), s (snooze), l (release), k (dead)
-- Returns settled ('nothing', 'settled', 'already', 'lost', 'stale'), time in ms, next due time in
-- ms or '', paused, has more, number of suspects, age of the oldest in ms, is solo worker, batch or
-- '', fence, then the batch's jobs.

local refused = layout()
if refused then return refused end
local worker, number, limit = ARGV[1], whole(ARGV[2]), whole(ARGV[3])
local isIdle, leaseTime, batchBytesMax = ARGV[4] == '1', whole(ARGV[5]), whole(ARGV[6])
local payloadMax, suspectAgeMax = whole(ARGV[7]), whole(ARGV[8])
local deadAge, deadMax, old, oldWorker = whole(ARGV[9]), whole(ARGV[10]), ARGV[11], ARGV[12]
if not (number and limit and leaseTime and batchBytesMax and payloadMax and suspectAgeMax
  and deadAge and deadMax and oldWorker) or limit < 0 or limit > 500 or (#ARGV - 12) % 5 ~= 0 then
  return fail('turn: malformed arguments')
end
local outcomes = {}
for at = 13, #ARGV, 5 do
  local o = { at = whole(ARGV[at]), id = ARGV[at + 1], what = ARGV[at + 2],
    wait = whole(ARGV[at + 3]), reason = ARGV[at + 4] }
  if not o.at or o.at < 0 or not o.wait or o.wait < 0 or #o.what ~= 1
    or not string.find('dxrslk', o.what, 1, true) then
    return fail('turn: malformed outcome')
  end
  outcomes[#outcomes + 1] = o
end
local WORKER = P .. 'worker:' .. worker
local name = worker .. '.' .. int(number)

local function suspectAge()
  local first = call('LINDEX', SUSPECT, -1)
  if not first then return 0 end
  local ready = string.match(first, '^v1|%d+|(%d+)|')
  return ready and math.max(0, now - tonumber(ready)) or 0
end

local function reply(settled, batch, fence, jobs)
  local due = call('ZRANGE', LATER, 0, 0, 'WITHSCORES')
  local solo = call('HMGET', CTL, 'solo', 'soloUntil')
  local isSolo = solo[1] == worker and tonumber(solo[2]) > now
  local answer = {
    settled, int(now), due[2] and int(tonumber(due[2])) or '', isPaused() and 1 or 0,
    hasMore() and 1 or 0, call('LLEN', SUSPECT), suspectAge(), isSolo and 1 or 0, batch, fence,
  }
  for i = 1, #jobs do answer[10 + i] = jobs[i] end
  return answer
end

-- A call that was carried out before, or one that a later call has overtaken: write nothing.
local highest = tonumber(call('HGET', WORKER, 'number') or '-inf')
if highest and number <= highest then
  local known = number == highest and call('HGET', WORKER, 'settled') or 'stale'
  for _, batch in ipairs({ 'b-' .. name, 's-' .. name }) do
    if call('ZSCORE', LEASE, batch) then
      local jobs = call('LRANGE', P .. 'run:' .. batch, 0, -1)
      for i = 1, #jobs do
        -- A slot that is settled proves that the worker has got the batch.
        if jobs[i] == '' then return reply('stale', '', '', {}) end
      end
      return reply(known, batch, call('HGET', WORKER, 'fence:' .. batch) or '0', jobs)
    end
  end
  return reply(known, '', '', {})
end

call('ZREM', LEASE, '')

-- 1. Settle.

local counts = {}
local function tally(counter, n) counts[counter] = (counts[counter] or 0) + n end
local hasCancels = call('EXISTS', CANCEL) == 1
local hasBuried, released, wasSolo, settled = false, 0, false, 'nothing'

local function park(job, wait, reason)
  renew(job, wait)
  call('ZADD', LATER, int(now + wait), job.id)
  call('HSET', PARKED, job.id, packed(reason, rewritten(job)))
end

local function finish(job)
  release(job)
  if hasCancels then call('HDEL', CANCEL, job.id) end
end

local function conclude(job, o)
  if o.what == 'd' then
    tally('succeeded', 1)
    finish(job)
  elseif o.what == 'x' then
    tally('discarded', 1)
    finish(job)
  elseif o.what == 'r' then
    tally('retried', 1)
    tally('failed', 1)
    job.attempt = job.attempt + 1
    park(job, o.wait, o.reason)
  elseif o.what == 's' then
    tally('snoozed', 1)
    park(job, o.wait, o.reason)
  else
    tally('died', 1)
    tally('failed', 1)
    bury(job.id, job.raw, job, o.reason)
    hasBuried = true
  end
end

-- To the front, so that what was fetched first is fetched first again.
local function giveBack(jobs)
  table.sort(jobs, function(a, b) return a.position > b.position end)
  for i = 1, #jobs do
    local job = jobs[i]
    call('RPUSH', wasSolo and SUSPECT or READY[job.lane], stamped(job))
  end
  released = #jobs
  tally('released', #jobs)
end

local function settle()
  local oldKey = P .. 'worker:' .. oldWorker
  if not call('ZSCORE', LEASE, old) then
    if call('HEXISTS', oldKey, 'reaped:' .. old) == 1 then return 'lost' end
    local known = tonumber(call('HGET', oldKey, 'number') or '-inf')
    local mine = tonumber(string.match(old, '%.(%d+)$'))
    return known and mine and mine <= known and 'already' or 'lost'
  end
  wasSolo = string.sub(old, 1, 2) == 's-'
  local run = P .. 'run:' .. old
  local slots, back, closed = call('LRANGE', run, 0, -1), {}, 0
  local blanks = {}
  for i = 1, #outcomes do
    local o = outcomes[i]
    local text = slots[o.at + 1]
    local job = text and text ~= '' and envelope(text)
    if job and job.id == o.id then
      slots[o.at + 1] = ''
      blanks[#blanks + 1] = o.at
      closed = closed + 1
      if o.what == 'l' then
        job.position = o.at
        back[#back + 1] = job
      else
        conclude(job, o)
      end
    end
  end
  if #back > 0 then giveBack(back) end
  local isOpen = false
  for i = 1, #slots do
    if slots[i] ~= '' then
      isOpen = true
      break
    end
  end
  if isOpen then
    for i = 1, #blanks do call('LSET', run, blanks[i], '') end
  else
    call('UNLINK', run)
    call('ZREM', LEASE, old)
    call('HDEL', oldKey, 'fence:' .. old)
  end
  if closed > 0 then call('HINCRBY', CTL, 'running', -closed) end
  if hasBuried then trimDead(deadAge, deadMax) end
  return 'settled'
end

if old ~= '' then settled = settle() end

-- 2. Promote.

local promoted = 0
local mayFetch = limit > 0 and not isPaused()

local function promote()
  local due = call('ZRANGEBYSCORE', LATER, '-inf', int(now), 'LIMIT', 0, limit)
  if #due == 0 then return end
  local values = call('HMGET', PARKED, unpack(due))
  local lists = { hi = {}, std = {}, low = {} }
  for i = 1, #due do
    if values[i] then
      local _, body = unpacked(values[i])
      local job = envelope(body)
      if job then
        local list = lists[job.lane]
        list[#list + 1] = stamped(job)
        promoted = promoted + 1
      end
    end
  end
  for lane, list in pairs(lists) do
    if #list > 0 then call('LPUSH', READY[lane], unpack(list)) end
  end
  call('ZREM', LATER, unpack(due))
  call('HDEL', PARKED, unpack(due))
end

if mayFetch then promote() end

-- 3. Fetch.

local popped, jobs, batch, fence = 0, {}, '', ''

-- Gives the duty of running suspects to this worker when nobody else has it.
local function takesSoloDuty()
  local solo = call('HMGET', CTL, 'solo', 'soloUntil')
  local isMine = solo[1] == worker
  if call('LLEN', SUSPECT) == 0 then
    if isMine then call('HDEL', CTL, 'solo', 'soloUntil') end
    return false
  end
  local isFree = not solo[1] or tonumber(solo[2]) <= now
  local isLate = suspectAge() > suspectAgeMax
  if not ((isMine and not isFree) or (isFree and isLate)) then return false end
  call('HSET', CTL, 'solo', worker, 'soloUntil', int(now + leaseTime))
  return true
end

-- What a popped text is fetched as; nil when it went to `dead` or was cancelled.
local function received(text, lane, mark)
  local job = envelope(text)
  if not job then
    local adoptedText, reason = adopted(text, lane, 'hand-' .. mark, payloadMax)
    if not adoptedText then
      bury('garbage-' .. mark, text, nil, reason)
      tally('died', 1)
      hasBuried = true
      return nil
    end
    tally('enqueued', 1)
    text = adoptedText
    job = envelope(text)
  end
  if hasCancels and call('HDEL', CANCEL, job.id) == 1 then
    release(job)
    tally('discarded', 1)
    return nil
  end
  return text
end

-- `hi` first, but of every sixteen fetches three begin with `std` and one with `low`.
local function laneOrder()
  local turnOf = tonumber(call('HGET', CTL, 'fetches') or 0) % 16
  if turnOf == 3 or turnOf == 7 or turnOf == 11 then return { 'std', 'hi', 'low' } end
  if turnOf == 15 then return { 'low', 'hi', 'std' } end
  return { 'hi', 'std', 'low' }
end

local function fetch(isSolo)
  local last = tonumber(call('HGET', CTL, 'fence') or 0)
  local nextFence = int(math.max(last + 1, now * 1000))
  local jobsMax, bytes, isFull = isSolo and 1 or limit, 0, false
  local buriedBefore = hasBuried
  hasBuried = false
  for _, lane in ipairs(isSolo and { 'suspect' } or laneOrder()) do
    local list = READY[lane] or SUSPECT
    while not isFull and popped < limit and #jobs < jobsMax do
      local texts = call('RPOP', list, math.min(limit - popped, jobsMax - #jobs))
      if not texts or #texts == 0 then break end
      for i = 1, #texts do
        if #jobs > 0 and bytes + #texts[i] > batchBytesMax then
          -- The rest goes back to the front in its order.
          for back = #texts, i, -1 do call('RPUSH', list, texts[back]) end
          isFull = true
          break
        end
        local size = #texts[i]
        local text = received(texts[i], READY[lane] and lane or 'std', nextFence .. '-' .. popped)
        popped = popped + 1
        if text then
          jobs[#jobs + 1] = text
          bytes = bytes + size
        end
      end
    end
    if isFull then break end
  end
  if popped > 0 then call('HSET', CTL, 'fence', nextFence) end
  if hasBuried then trimDead(deadAge, deadMax) end
  hasBuried = hasBuried or buriedBefore
  if #jobs == 0 then return end
  batch, fence = (isSolo and 's-' or 'b-') .. name, nextFence
  call('RPUSH', P .. 'run:' .. batch, unpack(jobs))
  call('ZADD', LEASE, int(now + leaseTime), batch)
  call('HINCRBY', CTL, 'running', #jobs)
  if not isSolo then call('HINCRBY', CTL, 'fetches', 1) end
  tally('fetched', #jobs)
end

if mayFetch then
  local isSoloWorker = takesSoloDuty()
  local isAfterSolo = wasSolo and waits()
  if isIdle and call('LLEN', SUSPECT) > 0 and not isAfterSolo then
    fetch(true)
  elseif isIdle or not isSoloWorker then
    fetch(false)
  end
end

call('HSET', WORKER, 'number', int(number), 'settled', settled)
if batch ~= '' then call('HSET', WORKER, 'fence:' .. batch, fence) end
-- What is remembered of a worker that went without a word goes a day later.
call('PEXPIRE', WORKER, 86400000)
for counter, n in pairs(counts) do count(counter, n) end

-- 4. Ring.

if popped + promoted + released > 0 and hasMore() then ring() end
return reply(settled, batch, fence, jobs)
