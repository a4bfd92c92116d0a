-- Stands in front of every script of the queue, after the constants and clock.lua.
--
-- KEYS[1] lease        ZSET  batch -> end in ms
-- KEYS[2..4] ready:hi, ready:std, ready:low   LISTs; pushed on the left, fetched from the right
-- KEYS[5] suspect      LIST
-- KEYS[6] later        ZSET  job id -> due in ms;  KEYS[7] parked HASH id -> [note] envelope
-- KEYS[8] dead         ZSET  job id -> ms;         KEYS[9] deadbody HASH id -> note, envelope
-- KEYS[10] ctl HASH, KEYS[11] bell LIST, KEYS[12] stat HASH, KEYS[13] cancel HASH,
-- KEYS[14] workers ZSET worker -> end in ms
-- A script's own keys begin at KEYS[15]. Unique keys, the keys of flow control (below) and the
-- batches that reap finds are derived within the same hash tag.

local LANES = {hi = KEYS[2], std = KEYS[3], low = KEYS[4]}
local PREFIX = string.sub(KEYS[1], 1, -6)

local layout = redis.call('HGET', KEYS[10], 'layout')
if layout and tonumber(layout) > LAYOUT then
  return redis.error_reply('RBLAYOUT ' .. layout)
end

-- The first write of a script that must work when the server is full: it needs no memory, and the
-- server refuses none that follow it.
local function open()
  redis.call('ZREM', KEYS[1], '')
  if not layout then redis.call('HSET', KEYS[10], 'layout', 1) end
end

-- Marks the keys when the first envelope comes that programs of layout 1 cannot read: they refuse
-- the queue then, and would bury the job otherwise.
local function raiseLayout(e)
  if string.byte(e, 2) == 50 and tonumber(layout or 1) < 2 then
    layout = '2'
    redis.call('HSET', KEYS[10], 'layout', 2)
  end
end

local counts = {}
local function count(name, number)
  counts[name] = (counts[name] or 0) + number
end

local function flushCounts()
  for name, number in pairs(counts) do
    if name == 'running' or string.sub(name, 1, 6) == 'keyed:' then
      redis.call('HINCRBY', KEYS[10], name, number)
    else
      redis.call('HINCRBY', KEYS[12], name, number)
    end
  end
end

local ENVELOPE = '^v1|(%d+)|(%d+)|(%d+)|([!-z~]+)|(%d+)|()(%l+)|([!-z~]*)|([!-z~]+)|(%d+)|(%d+)'
  .. '|raw|([!-z~]*)|()'
local ENVELOPE_2 = '^v2|(%d+)|(%d+)|(%d+)|([!-z~]+)|(%d+)|()(%l+)|([!-z~]*)|([!-z~]+)|(%d+)|(%d+)'
  .. '|(%l+)|([!-z~]*)|([!-z~]*)|()'
local ENCODINGS = {raw = true, deflate = true}

-- The fields of an envelope, or nothing when it breaks a rule of the format.
local function parse(e)
  local created, ready, crashes, id, attempt, at, lane, unique, kind, bytes, horizon, trace, body =
    string.match(e, ENVELOPE)
  local limit = ''
  if not created then
    local encoding
    created, ready, crashes, id, attempt, at, lane, unique, kind, bytes, horizon, encoding, trace,
      limit, body = string.match(e, ENVELOPE_2)
    if not created or not ENCODINGS[encoding] or #limit > 200 then return nil end
  end
  if not LANES[lane] or #id > 200 or #unique > 200 or #kind > 200 or #trace > 200
    or #created > 15 or #ready > 15 or #crashes > 15 or #attempt > 15 or #bytes > 15
    or #horizon > 15 or tonumber(attempt) < 1 or tonumber(bytes) ~= #e - body + 1 then
    return nil
  end
  return id, unique, attempt, at, lane, tonumber(horizon), created, crashes, ready, limit
end

-- Id and unique key of an envelope that was checked when it was fetched.
local function known(e)
  return string.match(e, '^v[12]|%d+|%d+|%d+|([^|]+)|%d+|%l+|([^|]*)|')
end

-- The limit key of such an envelope; empty when it has none.
local function limitOf(e)
  if string.byte(e, 2) ~= 50 then return '' end
  return string.match(e,
    '^v2|%d+|%d+|%d+|[^|]+|%d+|%l+|[^|]*|[^|]+|%d+|%d+|%l+|[^|]*|([^|]*)|')
end

-- The same job with new numbers, ready now unless a time is given.
local function stamped(e, id, attempt, at, created, crashes, ready)
  return string.sub(e, 1, 3) .. created .. '|' .. (ready or nowText) .. '|' .. crashes .. '|' .. id
    .. '|' .. attempt .. '|' .. string.sub(e, at)
end

-- Frees a unique key if it is this job that holds it.
local function free(id, unique)
  if unique == '' then return end
  local key = PREFIX .. 'uniq:' .. unique
  if redis.call('GET', key) == id then redis.call('DEL', key) end
end

-- Whether a unique key is given up when its job is fetched first, so that one more may wait.
local function isUntilStart(unique) return string.sub(unique, 1, 6) == 'start:' end

-- Gives a unique key its whole life again unless another job holds it.
local function renew(id, unique, life)
  if unique == '' then return end
  if isUntilStart(unique) then return end
  local key = PREFIX .. 'uniq:' .. unique
  local holder = redis.call('GET', key)
  if not holder or holder == id then
    redis.call('SET', key, id, 'PX', text(math.max(1000, life)))
  end
end

-- A job with the reason why it is parked or dead in front.
local function noted(reason, body)
  return 'r|' .. #reason .. '|' .. reason .. body
end

local function unnoted(value)
  local length, at = string.match(value, '^r|(%d+)|()')
  if not length then return '', value end
  local stop = at + tonumber(length)
  return string.sub(value, at, stop - 1), string.sub(value, stop)
end

-- Its unique key must have been freed.
local function bury(id, body, reason)
  redis.call('HSET', KEYS[9], id, noted(reason, body))
  redis.call('ZADD', KEYS[8], now, id)
end

local function dropDead(ids)
  if #ids == 0 then return end
  redis.call('ZREM', KEYS[8], unpack(ids))
  redis.call('HDEL', KEYS[9], unpack(ids))
end

-- Drops the oldest dead jobs beyond age and number. Their unique keys were freed when they died;
-- to free them again here would take a key from a later copy of the same job.
local function trimDead()
  dropDead(redis.call('ZRANGEBYSCORE', KEYS[8], '-inf', now - DEAD_AGE, 'LIMIT', 0, PER_CALL))
  local excess = math.min(redis.call('ZCARD', KEYS[8]) - DEAD_COUNT, PER_CALL * 2)
  if excess > 0 then dropDead(redis.call('ZRANGE', KEYS[8], 0, excess - 1)) end
end

local function isPaused()
  return redis.call('HEXISTS', KEYS[10], 'pausedBy') == 1
end

local function ring()
  if redis.call('LLEN', KEYS[11]) == 0 then redis.call('RPUSH', KEYS[11], '1') end
end

-- How long the front of a list has been waiting; what carries no time counts as new.
local function frontAge(key)
  local front = redis.call('LINDEX', key, -1)
  if not front then return nil end
  local ready = string.match(front, '^v[12]|%d+|(%d+)|')
  return ready and math.max(0, now - tonumber(ready)) or 0
end

-- Flow control: a job that carries a limit key waits in a list of its lane and key, and the keys of
-- a lane take turns. Nothing of this exists while no keyed job does.
--
-- lane:<lane>:<key> LIST  waiting jobs of a key;  lanes:<lane> ZSET key -> fence of its last turn,
--                         the keys that may be fetched from; '' stands for the jobs without a key
-- limit:<key>       HASH  concurrency, interval (us), burst: settings; tat (us): when the next job
--                         would come if all came evenly; why: full | rate | open, while it rests;
--                         trial: '1' after a rest of its upstream, until a job is done
-- held:<key>        ZSET  batch -> unsettled jobs of the key in it
-- rest              ZSET  key -> ms when it comes back into the rotation
-- limits            ZSET  keys that have settings
local ROTATION = {hi = PREFIX .. 'lanes:hi', std = PREFIX .. 'lanes:std', low = PREFIX .. 'lanes:low'}
local REST = PREFIX .. 'rest'
local LANE_NAMES = {'hi', 'std', 'low'}
local KEYS_PER_CALL = 100

local function keyedList(lane, limit) return PREFIX .. 'lane:' .. lane .. ':' .. limit end

-- Lets a key with waiting jobs take part in its lane's turns; returns false while it rests.
local function enroll(lane, limit)
  if redis.call('ZSCORE', REST, limit) then return false end
  local fence = redis.call('HGET', KEYS[10], 'fence') or '0'
  redis.call('ZADD', ROTATION[lane], 'NX', fence, limit)
  return true
end

-- Removes a rotation in which no key is left.
local function tidy(lane)
  if redis.call('ZCARD', ROTATION[lane]) == 1 and redis.call('ZSCORE', ROTATION[lane], '') then
    redis.call('UNLINK', ROTATION[lane])
  end
end

-- Ends a key's rest.
local function wake(limit)
  redis.call('ZREM', REST, limit)
  redis.call('HDEL', PREFIX .. 'limit:' .. limit, 'why')
  for _, lane in ipairs(LANE_NAMES) do
    if redis.call('EXISTS', keyedList(lane, limit)) == 1 then enroll(lane, limit) end
  end
end

-- Takes a key out of all turns until a time.
local function rest(limit, due, why)
  redis.call('ZADD', REST, due, limit)
  redis.call('HSET', PREFIX .. 'limit:' .. limit, 'why', why)
  for _, lane in ipairs(LANE_NAMES) do
    if redis.call('ZREM', ROTATION[lane], limit) == 1 then tidy(lane) end
  end
end

-- Notes that jobs of keys have left a batch; returns whether a key woke up for it.
local function giveKeysBack(batch, freed)
  local hasWoken = false
  for limit, number in pairs(freed) do
    local held = PREFIX .. 'held:' .. limit
    if tonumber(redis.call('ZINCRBY', held, -number, batch)) <= 0 then
      redis.call('ZREM', held, batch)
    end
    if redis.call('HGET', PREFIX .. 'limit:' .. limit, 'why') == 'full' then
      wake(limit)
      hasWoken = true
    end
  end
  return hasWoken
end

-- Where jobs are gathered that go to one list.
local function listFor(lists, lane, limit)
  local name = limit == '' and lane or lane .. ':' .. limit
  local list = lists[name] or {}
  lists[name] = list
  return list
end

-- Notes one more job for a list.
local function gather(lists, lane, limit, e)
  local list = listFor(lists, lane, limit)
  list[#list + 1] = e
end

-- Pushes what was gathered, in order; returns whether some of it can be fetched now.
local function push(lists)
  local hasReady = false
  for name, list in pairs(lists) do
    if LANES[name] then
      redis.call('LPUSH', LANES[name], unpack(list))
      hasReady = true
    else
      local lane, limit = string.match(name, '^(%l+):(.*)$')
      redis.call('LPUSH', keyedList(lane, limit), unpack(list))
      count('keyed:' .. lane, #list)
      if enroll(lane, limit) then hasReady = true end
    end
  end
  return hasReady
end

-- Takes the unique key of a new job and gathers it for its list, or parks it.
-- Returns the holder of the key when that is taken.
local function admit(lists, delay, e, id, unique, lane, horizon, limit)
  if unique ~= '' then
    local key = PREFIX .. 'uniq:' .. unique
    local holder = redis.call('GET', key)
    if holder then return holder end
    redis.call('SET', key, id, 'PX', text(math.max(1000, horizon + delay)))
  end
  raiseLayout(e)
  count('enqueued', 1)
  if delay > 0 then
    redis.call('HSET', KEYS[7], id, e)
    redis.call('ZADD', KEYS[6], now + delay, id)
    return nil
  end
  gather(lists, lane, limit, e)
  return nil
end

-- Keys with waiting jobs in a lane, by name; at most PER_CALL of those in its rotation and of
-- those that rest.
local function keysOf(lane)
  local found, seen = {}, {}
  for _, set in ipairs({ROTATION[lane], REST}) do
    for _, limit in ipairs(redis.call('ZRANGE', set, 0, PER_CALL - 1)) do
      if limit ~= '' and not seen[limit]
        and redis.call('EXISTS', keyedList(lane, limit)) == 1 then
        seen[limit] = true
        found[#found + 1] = limit
      end
    end
  end
  table.sort(found)
  return found
end

-- Jobs that wait in a lane, with a key or without.
local function waitingIn(lane)
  local keyed = tonumber(redis.call('HGET', KEYS[10], 'keyed:' .. lane)) or 0
  return redis.call('LLEN', LANES[lane]) + keyed
end
