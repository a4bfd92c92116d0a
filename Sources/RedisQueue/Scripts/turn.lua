-- Settles a batch, promotes what is due and fetches the next batch.
--
-- KEYS[15] worker:<id>, KEYS[16] run:<new ordinary batch>, KEYS[17] run:<new solo batch>,
-- KEYS[18] run:<old batch> and KEYS[19] worker:<its worker> (any key when there is none)
-- ARGV[1] worker, ARGV[2] number of the call, ARGV[3] most jobs to fetch, ARGV[4] most of them from
-- the low lane, ARGV[5] '1' when the process has nothing else in flight, ARGV[6] old batch ('' for
-- none), ARGV[7] its number,
-- ARGV[8..] slots: position (from 0), job id, and one of: 'd' done; 'x' discard; 'b' release;
-- 'r' retry, 's' snooze, 'q' snooze that lets the job's limit key rest as long, each with wait
-- (ms) and reason; 'k' dead with reason;
-- or 'D' and the old batch's fence: all of its jobs are done, and none has a unique or limit key
-- Result: {settled, now, paused, more, suspects, age of the first, solo worker, next due or '',
--          fence, solo batch, job, …}; settled is 0 nothing, 1 settled, 2 settled before, 3 lost,
--          4 stale; times in ms; flags 0 or 1
--
-- run:<batch> begins with the batch's fence; position p is its element p + 1.

local worker, number, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lowLimit, isIdle, oldBatch = tonumber(ARGV[4]), ARGV[5] == '1', ARGV[6]
local newBatch = {b = 'b-' .. worker .. '.' .. ARGV[2], s = 's-' .. worker .. '.' .. ARGV[2]}
local newRun = {b = KEYS[16], s = KEYS[17]}
local ctl = redis.call('HMGET', KEYS[10], 'pausedBy', 'fence', 'fetches', 'solo', 'soloUntil')
local paused = ctl[1] ~= false
local hasCancels = redis.call('HLEN', KEYS[13]) > 0
local hasKeys = redis.call('EXISTS', ROTATION.hi, ROTATION.std, ROTATION.low, REST) > 0

-- Lengths of lists as they were read; whoever pushes forgets what it made longer.
local lengths = {}

local function length(list)
  local known = lengths[list] or redis.call('LLEN', list)
  lengths[list] = known
  return known
end

local function waiting()
  return length(KEYS[2]) + length(KEYS[3]) + length(KEYS[4])
end

local function canFetch()
  return waiting() > 0
    or hasKeys and redis.call('EXISTS', ROTATION.hi, ROTATION.std, ROTATION.low) > 0
end

local function canFetchLive()
  return length(KEYS[2]) + length(KEYS[3]) > 0
    or hasKeys and redis.call('EXISTS', ROTATION.hi, ROTATION.std) > 0
end

-- When the next parked job or resting key comes back, as it is when everything else is done;
-- infinite for never.
local dueAtEnd

local function nextDue()
  if dueAtEnd then return dueAtEnd end
  local job = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')[2]
  local key = hasKeys and redis.call('ZRANGE', REST, 0, 0, 'WITHSCORES')[2]
  dueAtEnd = math.min(tonumber(job) or math.huge, key and tonumber(key) or math.huge)
  return dueAtEnd
end

-- `canTake` says whether there is something in the lanes that are asked about.
local function hasMore(canTake)
  if paused then return false end
  return canTake() or nextDue() <= now
end

-- What this caller would fetch: one that has no room for the low lane need not come again for it.
local function mayTake()
  if limit > 0 and lowLimit == 0 then return canFetchLive() end
  return canFetch()
end

-- Who runs suspects, and until when.
local soloWorker, soloUntil = ctl[4], ctl[5] and tonumber(ctl[5])

local function reply(settled, kind, fence, jobs)
  local due, suspects = nextDue(), length(KEYS[5])
  -- Another one that fell idle may have taken the last of them.
  local isSolo = soloWorker == worker and soloUntil > now and suspects > 0
  local result = {
    tonumber(settled), nowText, paused and 1 or 0, hasMore(mayTake) and 1 or 0,
    suspects, text(suspects > 0 and frontAge(KEYS[5]) or 0), isSolo and 1 or 0,
    due < math.huge and text(due) or '', fence, kind == 's' and 1 or 0,
  }
  for i = 1, #jobs do result[10 + i] = jobs[i] end
  return result
end

-- 0. A call that was carried out before answers as it did; one that is overtaken writes nothing.
-- The lease itself is asked, too: what is remembered of a worker goes when it leaves.
local seen = redis.call('HMGET', KEYS[15], 'n', 'settled')
local highest = tonumber(seen[1] or '-1')
local scores = redis.call('ZMSCORE', KEYS[1], newBatch.b, newBatch.s)
local isLeased = {b = scores[1], s = scores[2]}
if number <= highest or isLeased.b or isLeased.s then
  local settled = number == highest and seen[2] or '4'
  for kind in pairs(newBatch) do
    if isLeased[kind] then
      local jobs = redis.call('LRANGE', newRun[kind], 0, -1)
      local fence = table.remove(jobs, 1)
      for i = 1, #jobs do
        -- A settled slot proves that the worker has got the batch: this is a late copy.
        if jobs[i] == '' then return reply('4', 'b', '0', {}) end
      end
      return reply(settled, kind, fence, jobs)
    end
  end
  return reply(settled, 'b', '0', {})
end

-- The lists are read before the first write, so that a key of a wrong type stops nothing half-way.
waiting()
length(KEYS[5])
open()

-- 1. Settle.
local settled, wasSolo, released, hasBuried, hasWoken = '0', false, 0, false, false

local function uncancel(id)
  if hasCancels then redis.call('HDEL', KEYS[13], id) end
end

local function park(e, id, unique, attempt, at, created, crashes, ready, horizon, wait, reason)
  renew(id, unique, horizon + wait)
  local body = stamped(e, id, attempt, at, created, crashes, ready)
  redis.call('HSET', KEYS[7], id, reason == '' and body or noted(reason, body))
  redis.call('ZADD', KEYS[6], now + wait, id)
end

-- Applies every outcome but done and release, whose arguments begin at ARGV[i].
local function conclude(code, e, i)
  local id, unique, attempt, at, _, horizon, created, crashes, ready = parse(e)
  if code == 'x' then
    count('discarded', 1)
    free(id, unique)
    uncancel(id)
  elseif code == 'k' then
    count('died', 1)
    count('failed', 1)
    free(id, unique)
    uncancel(id)
    bury(id, e, ARGV[i])
    hasBuried = true
  else
    if code == 'r' then
      count('retried', 1)
      count('failed', 1)
      attempt = text(tonumber(attempt) + 1)
    else
      count('snoozed', 1)
    end
    park(e, id, unique, attempt, at, created, crashes, ready, horizon, tonumber(ARGV[i]),
      ARGV[i + 1])
  end
end

-- A fetched text that begins like an envelope and is none has a name that the worker gives it.
local function garbageName(fence, position)
  return 'garbage-' .. fence .. '-' .. text(position)
end

local function buryGarbage(id, e, reason)
  count('died', 1)
  count('failed', 1)
  bury(id, e, reason)
  hasBuried = true
end

local EXTRA = {d = 0, x = 0, b = 0, r = 2, s = 2, q = 2, k = 1}

-- Gives handed back jobs to the front, so that what was fetched first is fetched first again.
local function giveBack(back)
  table.sort(back, function(left, right) return left[1] > right[1] end)
  for _, entry in ipairs(back) do
    local e = entry[2]
    local id, _, attempt, at, lane, _, created, crashes, _, key = parse(e)
    local isKeyed = key ~= '' and not wasSolo
    local list = wasSolo and KEYS[5] or isKeyed and keyedList(lane, key) or LANES[lane]
    redis.call('RPUSH', list, stamped(e, id, attempt, at, created, crashes))
    lengths[list] = nil
    if isKeyed then
      count('keyed:' .. lane, 1)
      enroll(lane, key)
      hasKeys = true
    end
  end
  released = #back
  if released > 0 then count('released', released) end
end

local function endBatch()
  redis.call('UNLINK', KEYS[18])
  redis.call('ZREM', KEYS[1], oldBatch)
end

-- The fence names this delivery of these jobs, so the jobs need not be read.
local function settleWhole(fence)
  if redis.call('LINDEX', KEYS[18], 0) ~= fence then return false end
  local done = redis.call('LLEN', KEYS[18]) - 1
  if hasCancels then
    for _, e in ipairs(redis.call('LRANGE', KEYS[18], 1, -1)) do
      if e ~= '' then uncancel((known(e))) end
    end
  end
  count('succeeded', done)
  count('running', -done)
  endBatch()
  return true
end

-- What the settlement says of limit keys: jobs that left the batch, keys with a job that is done,
-- and when keys come back whose upstream rests.
local freed, proven, resting = {}, {}, {}

-- How long after a rest a key without settings is still tried one job at a time (ms).
local TRIAL_MEMORY = 86400000

local function noteKey(key, code, wait)
  freed[key] = (freed[key] or 0) + 1
  if code == 'd' then proven[key] = true end
  if code == 'q' then resting[key] = math.max(resting[key] or 0, now + wait) end
end

local function settleKeys()
  for key in pairs(proven) do
    hasKeys = true
    redis.call('HDEL', PREFIX .. 'limit:' .. key, 'trial')
  end
  if next(freed) then
    hasKeys = true
    hasWoken = giveKeysBack(oldBatch, freed)
  end
  for key, due in pairs(resting) do
    local isOpen = redis.call('HGET', PREFIX .. 'limit:' .. key, 'why') == 'open'
    local earlier = isOpen and tonumber(redis.call('ZSCORE', REST, key)) or 0
    redis.call('HSET', PREFIX .. 'limit:' .. key, 'trial', '1')
    rest(key, math.max(due, earlier), 'open')
    -- A key without settings may never see a job again that is done.
    if not redis.call('ZSCORE', PREFIX .. 'limits', key) then
      redis.call('PEXPIREAT', PREFIX .. 'limit:' .. key, text(math.max(due, earlier) + TRIAL_MEMORY))
    end
  end
end

local function settle()
  local slots = redis.call('LRANGE', KEYS[18], 0, -1)
  local open, blanked, back, done = 0, {}, {}, 0
  for i = 2, #slots do
    if slots[i] ~= '' then open = open + 1 end
  end
  local i = 8
  while i <= #ARGV do
    local position, code = tonumber(ARGV[i]) + 2, ARGV[i + 2]
    local e = slots[position]
    local id, unique
    if e and e ~= '' then id, unique = known(e) end
    if id and id == ARGV[i + 1] then
      slots[position] = ''
      blanked[#blanked + 1] = position - 1
      local key = limitOf(e) or ''
      if key ~= '' then noteKey(key, code, tonumber(ARGV[i + 3])) end
      if code == 'd' then
        done = done + 1
        free(id, unique)
        uncancel(id)
      elseif code == 'b' then
        back[#back + 1] = {position, e}
      else
        conclude(code, e, i + 3)
      end
    elseif e and e ~= '' and ARGV[i + 1] == garbageName(slots[1], position - 2) then
      slots[position] = ''
      blanked[#blanked + 1] = position - 1
      -- Its worker may be stricter than this script was when it fetched the job for its key.
      local _, _, _, _, _, _, _, _, _, key = parse(e)
      if key and key ~= '' then noteKey(key, 'k', 0) end
      buryGarbage(ARGV[i + 1], e, code == 'k' and ARGV[i + 3] or 'malformed envelope')
    end
    i = i + 3 + EXTRA[code]
  end
  giveBack(back)
  settleKeys()
  if done > 0 then count('succeeded', done) end
  if #blanked > 0 then count('running', -#blanked) end
  if #blanked == open then
    endBatch()
  else
    for _, index in ipairs(blanked) do redis.call('LSET', KEYS[18], index, '') end
  end
  if hasBuried then trimDead() end
end

if oldBatch ~= '' then
  if redis.call('ZSCORE', KEYS[1], oldBatch) then
    settled = '1'
    wasSolo = string.sub(oldBatch, 1, 1) == 's'
    if ARGV[8] ~= 'D' then
      settle()
    elseif not settleWhole(ARGV[9]) then
      settled = '3'
    end
  else
    local memory = redis.call('HMGET', KEYS[19], 'n', 'r:' .. oldBatch)
    local isKnown = memory[1] and tonumber(ARGV[7]) <= tonumber(memory[1])
    settled = isKnown and not memory[2] and '2' or '3'
  end
end

-- 2. Promote.
local promoted = 0

-- Resting keys whose time has come take part again.
local function wakeKeys()
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', REST, '-inf', now, 'LIMIT', 0, KEYS_PER_CALL)) do
    wake(key)
    hasWoken = true
  end
end

local function promote()
  if hasKeys then wakeKeys() end
  local due = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', now, 'LIMIT', 0, limit)
  if #due == 0 then return end
  local values = redis.call('HMGET', KEYS[7], unpack(due))
  local lists = {}
  for i = 1, #due do
    if values[i] then
      local _, e = unnoted(values[i])
      local id, _, attempt, at, lane, _, created, crashes, _, key = parse(e)
      -- Parked bytes that somebody spoilt go the way of all garbage: through a lane to `dead`.
      local body = id and stamped(e, id, attempt, at, created, crashes) or e
      gather(lists, lane or 'std', key or '', body)
      if key and key ~= '' then hasKeys = true end
    end
  end
  push(lists)
  lengths = {}
  redis.call('ZREM', KEYS[6], unpack(due))
  redis.call('HDEL', KEYS[7], unpack(due))
  promoted = #due
end

-- 3. Fetch.
local jobs, bytes, popped, jobsKind = {}, 0, 0, 'b'
local fence = math.max((tonumber(ctl[2]) or 0) + 1, nowMicroseconds)
local fenceText = text(fence)

-- Jobs of each limit key in the new batch.
local taken = {}

-- Items that may have been popped when the present lane is through.
local cap = limit

-- The job that a popped element stands for; nil when it went to `dead`, was cancelled, or was
-- pushed by hand into a list that is not its key's.
-- What begins like an envelope is taken for one: to read each here would cost more than all else.
-- Its worker reads it anyway, and settles one that is none as dead. Only those of version 2 are
-- read, for their limit key.
local function receive(e, lane, isOwn)
  local head = string.sub(e, 1, 3)
  if head ~= 'v1|' and head ~= 'v2|' then
    local mark = fenceText .. '-' .. popped
    local kind, args = adoption(e)
    if not kind then
      bury('garbage-hand-' .. mark, e, args)
      count('died', 1)
      hasBuried = true
      return nil
    end
    count('enqueued', 1)
    e = 'v1|' .. nowText .. '|' .. nowText .. '|0|hand-' .. mark .. '|1|' .. lane .. '||' .. kind
      .. '|' .. #args .. '|0|raw||' .. args
  end
  local isPlain = head ~= 'v2|' and not hasCancels
  if isPlain and not string.find(e, '|start:', 1, true) then return e end
  local id, unique, _, _, home, _, _, _, _, key = parse(e)
  if not id then return e end
  if hasCancels and redis.call('HDEL', KEYS[13], id) == 1 then
    free(id, unique)
    count('discarded', 1)
    return nil
  end
  if key ~= '' then
    if isOwn then
      push({[home .. ':' .. key] = {e}})
      lengths[keyedList(home, key)] = nil
      hasKeys = true
      return nil
    end
    taken[key] = (taken[key] or 0) + 1
  end
  if isUntilStart(unique) then free(id, unique) end
  return e
end

-- Pops from the front until the batch is full; returns whether its bytes are.
-- In chunks sized by what was seen, so that a list of large jobs is not read whole.
-- `isOwn` says that the list is the lane's own, where jobs without a limit key wait.
local function take(key, lane, most, isOwn)
  local chunk = 32
  while popped < cap and #jobs < most do
    if length(key) == 0 then return false end
    local wanted = math.min(cap - popped, most - #jobs, chunk)
    local items = redis.call('RPOP', key, wanted)
    lengths[key] = lengths[key] - #items
    for i = 1, #items do
      local e = items[i]
      if #jobs > 0 and bytes + #e > BATCH_BYTES then
        for j = #items, i, -1 do redis.call('RPUSH', key, items[j]) end
        lengths[key] = nil
        return true
      end
      local job = receive(e, lane, isOwn)
      popped = popped + 1
      if job then
        jobs[#jobs + 1] = job
        bytes = bytes + #e
      end
    end
    local mean = math.max(1, bytes / math.max(1, #jobs))
    chunk = math.max(1, math.min(PER_CALL, math.floor((BATCH_BYTES - bytes) / mean)))
  end
  return false
end

-- What each limit key may still give to this batch.
local allowances = {}

-- Unsettled jobs of a key in leased batches. What is left of batches that are gone is removed
-- before it can hold anybody back.
local function heldBy(key, most)
  local held = PREFIX .. 'held:' .. key
  local entries = redis.call('ZRANGE', held, 0, PER_CALL - 1, 'WITHSCORES')
  local sum = 0
  for i = 2, #entries, 2 do sum = sum + tonumber(entries[i]) end
  if sum < most then return sum end
  for i = 1, #entries, 2 do
    if not redis.call('ZSCORE', KEYS[1], entries[i]) then
      redis.call('ZREM', held, entries[i])
      sum = sum - tonumber(entries[i + 1])
    end
  end
  return sum
end

local function allowance(key)
  local a = allowances[key]
  if a then return a end
  local f = redis.call('HMGET', PREFIX .. 'limit:' .. key, 'concurrency', 'interval', 'burst',
    'tat', 'trial')
  local most = f[5] and 1 or tonumber(f[1] or nil)
  a = {room = math.huge, tokens = math.huge, took = 0}
  if most then a.room = math.max(0, most - heldBy(key, most)) end
  if f[2] then
    a.interval = tonumber(f[2])
    a.span = a.interval * tonumber(f[3])
    a.tat = tonumber(f[4] or 0)
    -- A time beyond the burst is left over from another rate, or from a clock that went back.
    if a.tat < nowMicroseconds or a.tat > nowMicroseconds + a.span then
      a.tat = nowMicroseconds
    end
    a.tokens = math.floor((nowMicroseconds + a.span - a.tat) / a.interval)
  end
  allowances[key] = a
  return a
end

-- Fetches from the lane's own list and from its keys in turn, equal shares for each; what one
-- does not need the others get. Those that waited longest for their turn come first.
local function takeInTurns(lane)
  local rotation = ROTATION[lane]
  local active = {}
  local hasOwn = length(LANES[lane]) > 0
  if hasOwn and not redis.call('ZSCORE', rotation, '') then active[1] = '' end
  for _, key in ipairs(redis.call('ZRANGE', rotation, 0, KEYS_PER_CALL - 1)) do
    if key ~= '' or hasOwn then active[#active + 1] = key end
  end
  local isFull = false
  while #active > 0 and popped < cap and not isFull do
    local share = math.max(1, math.floor((cap - popped) / #active))
    local still = {}
    for _, key in ipairs(active) do
      if popped >= cap or isFull then break end
      local isOwn = key == ''
      local list = isOwn and LANES[lane] or keyedList(lane, key)
      local a = not isOwn and allowance(key)
      local wanted = isOwn and share or math.min(share, a.room - a.took, a.tokens - a.took)
      if wanted > 0 then
        local jobsBefore, poppedBefore = #jobs, popped
        isFull = take(list, lane, #jobs + wanted, isOwn)
        if not isOwn then
          a.took = a.took + #jobs - jobsBefore
          count('keyed:' .. lane, poppedBefore - popped)
        end
        if length(list) == 0 then
          redis.call('ZREM', rotation, key)
        else
          if popped > poppedBefore then redis.call('ZADD', rotation, fence, key) end
          still[#still + 1] = key
        end
      end
    end
    active = still
  end
  tidy(lane)
  return isFull
end

-- Charges the rates, and lets keys rest that have nothing left to give while jobs of them wait.
local function settleAllowances()
  for key, a in pairs(allowances) do
    if a.tat and a.took > 0 then
      a.tat = a.tat + a.took * a.interval
      redis.call('HSET', PREFIX .. 'limit:' .. key, 'tat', text(a.tat))
    end
    local isWaiting = redis.call('EXISTS', keyedList('hi', key), keyedList('std', key),
      keyedList('low', key)) > 0
    if isWaiting and a.took >= a.room then
      -- Until a job of it is settled; looked at again after a lease in any case.
      rest(key, now + LEASE, 'full')
    elseif isWaiting and a.took >= a.tokens then
      rest(key, math.ceil((a.tat + a.interval - a.span) / 1000), 'rate')
    end
  end
end

-- `hi` first, but of every sixteen fetches three begin with `std` and one with `low`.
local function laneOrder(fetches)
  local phase = fetches % 16
  if phase == 15 then return {'low', 'hi', 'std'} end
  if phase == 3 or phase == 7 or phase == 11 then return {'std', 'hi', 'low'} end
  return {'hi', 'std', 'low'}
end

-- Takes or keeps the duty of running suspects; returns whether this worker has it now. It lasts
-- for longer than a lease: the worker ends first what it has in hand, without a fetch meanwhile.
local function takeSoloDuty()
  local isMine = soloWorker == worker
  if length(KEYS[5]) == 0 then
    if isMine then
      redis.call('HDEL', KEYS[10], 'solo', 'soloUntil')
      soloWorker = nil
    end
    return false
  end
  local isFree = not soloWorker or soloUntil <= now
  local isLate = frontAge(KEYS[5]) > SUSPECT_AGE
  if not ((isMine and not isFree) or (isFree and isLate)) then return false end
  soloWorker, soloUntil = worker, now + SOLO_DUTY
  redis.call('HSET', KEYS[10], 'solo', worker, 'soloUntil', text(soloUntil))
  return true
end

local function fetch()
  local isSoloWorker = takeSoloDuty()
  local isAfterSolo = wasSolo and canFetch()
  if isIdle and length(KEYS[5]) > 0 and not isAfterSolo then
    jobsKind = 's'
    take(KEYS[5], 'std', 1)
  elseif isIdle or not isSoloWorker then
    for _, lane in ipairs(laneOrder(tonumber(ctl[3]) or 0)) do
      cap = lane == 'low' and math.min(limit, popped + lowLimit) or limit
      local isShared = hasKeys and redis.call('EXISTS', ROTATION[lane]) == 1
      if isShared and takeInTurns(lane) then break end
      if not isShared and take(LANES[lane], lane, limit, true) then break end
    end
    settleAllowances()
  end
  if hasBuried then trimDead() end
  if #jobs > 0 and jobsKind == 'b' then
    redis.call('HSET', KEYS[10], 'fence', fenceText,
      'fetches', text((tonumber(ctl[3]) or 0) + 1))
  elseif popped > 0 then
    redis.call('HSET', KEYS[10], 'fence', fenceText)
  end
  if #jobs == 0 then return end
  redis.call('RPUSH', newRun[jobsKind], fenceText, unpack(jobs))
  redis.call('ZADD', KEYS[1], now + LEASE, newBatch[jobsKind])
  for key, number in pairs(taken) do
    redis.call('ZADD', PREFIX .. 'held:' .. key, number, newBatch[jobsKind])
  end
  count('fetched', #jobs)
  count('running', #jobs)
end

if not paused and limit > 0 then
  promote()
  fetch()
end

-- 4. Remember the call, and ring when this one moved something and more is left.
redis.call('HSET', KEYS[15], 'n', ARGV[2], 'settled', settled)
if not seen[1] then redis.call('PEXPIRE', KEYS[15], 86400000) end
flushCounts()
if (popped + promoted + released > 0 or hasWoken) and hasMore(canFetch) then ring() end
return reply(settled, jobsKind, #jobs > 0 and fenceText or '0', jobs)
