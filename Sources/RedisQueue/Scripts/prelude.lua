-- The head that every script of a queue begins with; the shipped text is this file plus the script.
--
-- KEYS[1]  the queue's `ctl` key. All other names are derived from it, within its hash tag; the
--          caller passes those that it knows as further KEYS, for servers that insist.
--
-- An envelope is `v1|createdMs|readyMs|crashes|id|attempt|lane|unique|type|bytes|horizonMs|
-- encoding|trace|payload`. In every list the front, from which jobs are fetched, is the tail.
-- A value of `parked` and `deadbody` is `<bytes of the reason>|<reason><envelope or bytes>`.

local LAYOUT = 1
local P = string.sub(KEYS[1], 1, -4)
local CTL, LEASE, LATER, PARKED = KEYS[1], P .. 'lease', P .. 'later', P .. 'parked'
local DEAD, DEADBODY, BELL = P .. 'dead', P .. 'deadbody', P .. 'bell'
local WORKERS, CANCEL, STAT, SUSPECT = P .. 'workers', P .. 'cancel', P .. 'stat', P .. 'suspect'
local READY = { hi = P .. 'ready:hi', std = P .. 'ready:std', low = P .. 'ready:low' }
local call, fmt = redis.call, string.format

local TIME = call('TIME')
local now = tonumber(TIME[1]) * 1000 + math.floor(tonumber(TIME[2]) / 1000)

-- A whole number as text: tostring() would round what has more than 14 digits.
local function int(n) return fmt('%.0f', n) end

-- A number of an argument; nil when it is none or not whole.
local function whole(text)
  local n = tonumber(text)
  if n and n == math.floor(n) then return n end
  return nil
end

local function fail(message) return redis.error_reply('RBQUEUE ' .. message) end

-- Refuses keys of a newer layout; nil when all is well. Reads only.
local function layout()
  local found = tonumber(call('HGET', CTL, 'layout') or LAYOUT)
  if found > LAYOUT then return redis.error_reply('RBLAYOUT ' .. int(found)) end
  return nil
end

-- The fields of a well-formed envelope; nil for anything else.
local PATTERN = '^v1|(%d+)|(%d+)|(%d+)|([!-z~]+)|(%d+)|(%l+)|([!-z~]*)|([!-z~]+)|(%d+)|(%d+)|raw|([!-z~]*)|()'
local function envelope(e)
  local created, ready, crashes, id, attempt, lane, unique, kind, bytes, horizon, trace, body =
    string.match(e, PATTERN)
  if not created or not READY[lane] then return nil end
  if #created > 15 or #ready > 15 or #crashes > 15 or #attempt > 15 or #bytes > 15
    or #horizon > 15 or #id > 200 or #unique > 200 or #kind > 200 or #trace > 200 then
    return nil
  end
  if tonumber(attempt) < 1 or tonumber(bytes) ~= #e - body + 1 then return nil end
  return {
    created = created, ready = tonumber(ready), crashes = tonumber(crashes), id = id,
    attempt = tonumber(attempt), lane = lane, unique = unique, horizon = tonumber(horizon),
    raw = e,
  }
end

-- The envelope's text with its stamps renewed; what follows the attempt is copied as it is.
local function stamped(job)
  local from = select(2, string.find(job.raw, '^v1|%d+|%d+|%d+|[^|]+|%d+|'))
  return 'v1|' .. job.created .. '|' .. int(now) .. '|' .. int(job.crashes) .. '|' .. job.id
    .. '|' .. int(job.attempt) .. '|' .. string.sub(job.raw, from + 1)
end

-- The same with the time of readiness as it was.
local function rewritten(job)
  local from = select(2, string.find(job.raw, '^v1|%d+|%d+|%d+|[^|]+|%d+|'))
  return 'v1|' .. job.created .. '|' .. int(job.ready) .. '|' .. int(job.crashes) .. '|' .. job.id
    .. '|' .. int(job.attempt) .. '|' .. string.sub(job.raw, from + 1)
end

local function packed(reason, body) return #reason .. '|' .. reason .. body end

-- Reason and body of a packed value.
local function unpacked(value)
  local size, from = string.match(value, '^(%d+)|()')
  return string.sub(value, from, from + size - 1), string.sub(value, from + size)
end

local function uniqueKey(text) return P .. 'uniq:' .. text end

-- Frees the job's unique key if it is this job that holds it.
local function release(job)
  if job.unique == '' then return end
  local key = uniqueKey(job.unique)
  if call('GET', key) == job.id then call('DEL', key) end
end

-- Gives the job's unique key its whole life again, unless another job holds it now.
local function renew(job, wait)
  if job.unique == '' then return end
  local key = uniqueKey(job.unique)
  local holder = call('GET', key)
  if holder and holder ~= job.id then return end
  call('SET', key, job.id, 'PX', int(math.max(1000, job.horizon + wait)))
end

-- Puts a body into `dead`; `job` is its envelope, or nil when it has none.
local function bury(id, body, job, reason)
  if job then release(job) end
  call('HDEL', CANCEL, id)
  call('ZADD', DEAD, int(now), id)
  call('HSET', DEADBODY, id, packed(reason, body))
end

-- Removes dead jobs for good, freeing what they might still hold.
local function unearth(ids)
  for i = 1, #ids do
    local value = call('HGET', DEADBODY, ids[i])
    if value then
      local _, body = unpacked(value)
      local job = envelope(body)
      if job then release(job) end
    end
  end
  if #ids > 0 then
    call('ZREM', DEAD, unpack(ids))
    call('HDEL', DEADBODY, unpack(ids))
  end
end

-- Drops the oldest dead jobs beyond age (ms) and number; at most 500 of each in one call.
local function trimDead(age, max)
  unearth(call('ZRANGEBYSCORE', DEAD, '-inf', int(now - age), 'LIMIT', 0, 500))
  local over = call('ZCARD', DEAD) - max
  if over > 0 then unearth(call('ZRANGE', DEAD, 0, math.min(over, 500) - 1)) end
end

local function count(counter, n)
  if n ~= 0 then call('HINCRBY', STAT, counter, n) end
end

local function isPaused() return call('HEXISTS', CTL, 'pausedBy') == 1 end

local function waits()
  return call('LLEN', READY.hi) + call('LLEN', READY.std) + call('LLEN', READY.low) > 0
end

-- Whether something could be fetched now.
local function hasMore()
  if isPaused() then return false end
  return waits() or call('ZCOUNT', LATER, '-inf', int(now)) > 0
end

local function ring()
  if call('LLEN', BELL) == 0 then call('LPUSH', BELL, '1') end
end
