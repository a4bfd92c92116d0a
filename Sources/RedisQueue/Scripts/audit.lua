-- Checks one part of the queue's invariants, and mends what is broken when asked to.
--
-- ARGV[1] part, ARGV[2] '1' to mend, ARGV[3..] what the part takes, at most PER_CALL items:
--   state    nothing; data: running, later, parked, dead, deadbody as counted
--   leases   nothing; data: batch, elements of its list, …
--   runs     batch, …; data: their unsettled jobs, then ids of those with a unique key
--   later, parked, dead, bodies   cursor
--   orphans  batch, …; when mending, one
--   unique   name of a key, …; data: name and holder of those that neither later nor dead knows
--   ids      list (hi, std, low, suspect or <lane>:<limit key>), cursor; data: ids of jobs with a
--            unique key
--   running  mark, unsettled jobs that were counted
--   free     mark, name and holder, …
-- Result: {mark, cursor or '', items checked, {data, …},
--          {kind, subject, detail, mended 0 or 1, …}}
--
-- The mark changes with everything that moves a job. What was gathered by several calls is only
-- judged, and mended, when it is the same at the end.

local part, mends = ARGV[1], ARGV[2] == '1'
local checked, cursor, data, found = 0, '', {}, {}
local mended = mends and 1 or 0

local function mark()
  local sum = 0
  local stat = redis.call('HGETALL', KEYS[12])
  for i = 2, #stat, 2 do sum = sum + (tonumber(stat[i]) or 0) end
  local parts = {text(sum)}
  for i = 2, 5 do parts[#parts + 1] = redis.call('LLEN', KEYS[i]) end
  for _, i in ipairs({1, 6, 8}) do parts[#parts + 1] = redis.call('ZCARD', KEYS[i]) end
  return table.concat(parts, ':')
end

local function broken(kind, subject, detail)
  for _, field in ipairs({kind, subject, detail, mended}) do found[#found + 1] = field end
end

local function buryGarbage(name, e)
  bury('garbage-' .. name, e, 'malformed in a run list')
  count('died', 1)
end

local parts = {}

function parts.state()
  local tokens = redis.call('LLEN', KEYS[11])
  if tokens > 1 then
    broken('bell-tokens', 'bell', tokens .. ' tokens')
    if mends then redis.call('RPOP', KEYS[11], tokens - 1) end
  end
  checked = 1
  data = {
    redis.call('HGET', KEYS[10], 'running') or '0', redis.call('ZCARD', KEYS[6]),
    redis.call('HLEN', KEYS[7]), redis.call('ZCARD', KEYS[8]), redis.call('HLEN', KEYS[9]),
  }
end

function parts.leases()
  for _, batch in ipairs(redis.call('ZRANGE', KEYS[1], 0, PER_CALL - 1)) do
    data[#data + 1] = batch
    data[#data + 1] = redis.call('LLEN', PREFIX .. 'run:' .. batch)
  end
  if redis.call('ZCARD', KEYS[1]) > PER_CALL then cursor = 'more' end
end

local function checkRun(batch, slots)
  local run = PREFIX .. 'run:' .. batch
  local fence = redis.call('HGET', KEYS[10], 'fence') or '0'
  if not tonumber(slots[1]) or tonumber(slots[1]) > tonumber(fence) then
    broken('fence-behind', batch, 'fence ' .. fence .. ', its batch has ' .. slots[1])
    if mends and tonumber(slots[1]) then redis.call('HSET', KEYS[10], 'fence', slots[1]) end
  end
  local open = 0
  for i = 2, #slots do
    local id, unique
    if slots[i] ~= '' then id, unique = parse(slots[i]) end
    if id then
      open = open + 1
      if unique ~= '' then data[#data + 1] = id end
    elseif string.find(slots[i], '^v[12]|') then
      -- What only begins like an envelope is buried by the worker that has it.
      open = open + 1
    elseif slots[i] ~= '' then
      broken('malformed-slot', batch, 'position ' .. (i - 2))
      if mends then
        buryGarbage(batch .. '-' .. (i - 2), slots[i])
        redis.call('LSET', run, i - 1, '')
        count('running', -1)
      else
        open = open + 1
      end
    end
  end
  if open == 0 then
    broken('settled-batch', batch, 'still leased')
    if mends then
      redis.call('UNLINK', run)
      redis.call('ZREM', KEYS[1], batch)
    end
  end
  return open
end

function parts.runs()
  local open = 0
  data = {''}
  for i = 3, #ARGV do
    if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
      checked = checked + 1
      local slots = redis.call('LRANGE', PREFIX .. 'run:' .. ARGV[i], 0, -1)
      if #slots > 0 then
        open = open + checkRun(ARGV[i], slots)
      else
        broken('lease-without-run', ARGV[i], 'its jobs are gone')
        if mends then redis.call('ZREM', KEYS[1], ARGV[i]) end
      end
    end
  end
  data[1] = open
end

local function checkSet(kind, set, hash)
  local start, removed = tonumber(ARGV[3]), 0
  local members = redis.call('ZRANGE', set, start, start + PER_CALL - 1)
  for _, id in ipairs(members) do
    if redis.call('HEXISTS', hash, id) == 0 then
      broken(kind, id, 'its job is gone')
      if mends then removed = removed + redis.call('ZREM', set, id) end
    end
  end
  checked = #members
  if #members == PER_CALL then cursor = start + #members - removed end
end

local function checkHash(kind, set, hash)
  local page = redis.call('HSCAN', hash, ARGV[3], 'COUNT', PER_CALL)
  for i = 1, #page[2], 2 do
    checked = checked + 1
    if not redis.call('ZSCORE', set, page[2][i]) then
      broken(kind, page[2][i], 'nothing would ever look at it')
      if mends then redis.call('ZADD', set, now, page[2][i]) end
    end
  end
  if page[1] ~= '0' then cursor = page[1] end
end

function parts.later() checkSet('later-without-job', KEYS[6], KEYS[7]) end
function parts.parked() checkHash('job-without-time', KEYS[6], KEYS[7]) end
function parts.dead() checkSet('dead-without-job', KEYS[8], KEYS[9]) end
function parts.bodies() checkHash('body-without-death', KEYS[8], KEYS[9]) end

-- The worker is gone, and which of its jobs it died with is not known: all become suspects.
local function takeBack(batch, slots)
  for i = 2, #slots do
    local e = slots[i]
    local id, unique, attempt, at, _, horizon, created, crashes
    if e ~= '' then id, unique, attempt, at, _, horizon, created, crashes = parse(e) end
    if id then
      renew(id, unique, horizon)
      redis.call('LPUSH', KEYS[5], stamped(e, id, attempt, at, created, crashes))
      count('reaped', 1)
    elseif e ~= '' then
      buryGarbage(batch .. '-' .. (i - 2), e)
    end
  end
end

function parts.orphans()
  for i = 3, #ARGV do
    local run = PREFIX .. 'run:' .. ARGV[i]
    checked = checked + 1
    local length = redis.call('LLEN', run)
    if length > 0 and not redis.call('ZSCORE', KEYS[1], ARGV[i]) then
      broken('run-without-lease', ARGV[i], (length - 1) .. ' slots')
      if mends then
        takeBack(ARGV[i], redis.call('LRANGE', run, 0, -1))
        redis.call('UNLINK', run)
      end
    end
  end
end

function parts.unique()
  for i = 3, #ARGV do
    local holder = redis.call('GET', PREFIX .. 'uniq:' .. ARGV[i])
    checked = checked + 1
    if holder and redis.call('HEXISTS', KEYS[7], holder) == 0
      and redis.call('HEXISTS', KEYS[9], holder) == 0 then
      data[#data + 1] = ARGV[i]
      data[#data + 1] = holder
    end
  end
end

function parts.ids()
  local start = tonumber(ARGV[4])
  local list = LANES[ARGV[3]] or ARGV[3] == 'suspect' and KEYS[5] or PREFIX .. 'lane:' .. ARGV[3]
  local items = redis.call('LRANGE', list, -(start + PER_CALL), -(start + 1))
  for _, e in ipairs(items) do
    local id, unique = known(e)
    if id and unique ~= '' then data[#data + 1] = id end
  end
  checked = #items
  if #items == PER_CALL then cursor = start + PER_CALL end
end

function parts.running()
  local counted = redis.call('HGET', KEYS[10], 'running') or '0'
  if mark() == ARGV[3] and tonumber(counted) ~= tonumber(ARGV[4]) then
    broken('running-count', 'running', 'counted ' .. counted .. ', there are ' .. ARGV[4])
    if mends then redis.call('HSET', KEYS[10], 'running', ARGV[4]) end
  end
  checked = 1
end

function parts.free()
  if mark() ~= ARGV[3] then return end
  for i = 4, #ARGV, 2 do
    local key = PREFIX .. 'uniq:' .. ARGV[i]
    if redis.call('GET', key) == ARGV[i + 1] then
      broken('key-without-job', ARGV[i], 'held by ' .. ARGV[i + 1])
      if mends then redis.call('DEL', key) end
    end
  end
end

if mends then open() end
parts[part]()
flushCounts()
return {mark(), tostring(cursor), checked, data, found}
