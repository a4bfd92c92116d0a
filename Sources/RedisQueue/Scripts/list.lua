-- list: a page of the jobs in one state, in the order in which they would run or did end.
--
-- KEYS[1]  ctl
-- ARGV[1]  'ready', 'suspect', 'running', 'later' or 'dead'
-- ARGV[2]  how many to skip
-- ARGV[3]  how many to return, at most 500
-- Returns 1 when there are more, then one list for each: where (lane, 'suspect', batch, 'later' or
-- 'dead'), position there from 0 (or the id), time in ms or '', reason, envelope or bytes.

local refused = layout()
if refused then return refused end
local state, skip, limit = ARGV[1], whole(ARGV[2]), whole(ARGV[3])
if not skip or not limit or skip < 0 or limit < 1 or limit > 500 then
  return fail('list: malformed arguments')
end
local rows, hasNext = {}, 0

-- Takes one more row unless it is to be skipped; false when the page is full.
local function take(where, position, at, reason, body)
  if skip > 0 then
    skip = skip - 1
    return true
  end
  if #rows == limit then
    hasNext = 1
    return false
  end
  rows[#rows + 1] = { where, position, at, reason, body }
  return true
end

local function waiting(where, list)
  local length = call('LLEN', list)
  if skip >= length then
    skip = skip - length
    return true
  end
  -- From the front, which is the tail.
  local from = skip
  skip = 0
  local texts = call('LRANGE', list, -(from + limit + 1), -(from + 1))
  for i = #texts, 1, -1 do
    if not take(where, from + #texts - i, '', '', texts[i]) then return false end
  end
  return true
end

local function running()
  local batches = call('ZRANGE', LEASE, 0, -1)
  table.sort(batches)
  for _, batch in ipairs(batches) do
    for position, text in ipairs(call('LRANGE', P .. 'run:' .. batch, 0, -1)) do
      if text ~= '' and not take(batch, position - 1, '', '', text) then return end
    end
  end
end

local function kept(where, set, bodies)
  local ids = call('ZRANGE', set, skip, skip + limit, 'WITHSCORES')
  skip = 0
  for i = 1, #ids, 2 do
    local value = call('HGET', bodies, ids[i])
    if value then
      local reason, body = unpacked(value)
      if not take(where, ids[i], int(tonumber(ids[i + 1])), reason, body) then return end
    end
  end
end

if state == 'ready' then
  local _ = waiting('hi', READY.hi) and waiting('std', READY.std) and waiting('low', READY.low)
elseif state == 'suspect' then
  waiting('suspect', SUSPECT)
elseif state == 'running' then
  running()
elseif state == 'later' then
  kept('later', LATER, PARKED)
elseif state == 'dead' then
  kept('dead', DEAD, DEADBODY)
else
  return fail('list: unknown state')
end
return { hasNext, rows }
