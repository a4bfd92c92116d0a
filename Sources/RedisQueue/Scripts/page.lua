-- A page of the jobs in one state; writes nothing.
--
-- ARGV[1] ready | suspect | running | later | dead, ARGV[2] cursor ('' for the first page),
-- ARGV[3] most jobs
-- Result: {cursor of the next page or '', {place, time (ms) or '', reason, bytes}, …}; the place is
--         list and index (`std-0`) for waiting jobs, the batch for running ones, else the job's id
-- Lists are lanes, `suspect`, and `<lane>:<limit key>` for jobs with one.
-- Cursors: `list index` for waiting jobs, `batch position` for running ones, `time id` for later
-- and dead. A page ends at BATCH_BYTES, but has at least one job.

local limit = tonumber(ARGV[3])
local rows, bytes, nextCursor = {}, 0, ''

-- Adds a row unless the page is full; then the cursor says where the next one begins.
local function add(cursor, place, at, reason, body)
  if #rows > 0 and (#rows >= limit or bytes + #body > BATCH_BYTES) then
    nextCursor = cursor
    return false
  end
  rows[#rows + 1] = {place, at, reason, body}
  bytes = bytes + #body
  return true
end

-- Reads from the right in small steps; returns false when the page is full.
local function walkList(list, start)
  local key = LANES[list] or list == 'suspect' and KEYS[5] or PREFIX .. 'lane:' .. list
  local index = start
  while true do
    local items = redis.call('LRANGE', key, -(index + 32), -(index + 1))
    if #items == 0 then return true end
    for i = #items, 1, -1 do
      if not add(list .. ' ' .. index, list .. '-' .. index, '', '', items[i]) then
        return false
      end
      index = index + 1
    end
  end
end

-- The lists in their order: each lane, then its keys.
local function rank(list)
  for number, lane in ipairs(LANE_NAMES) do
    if string.sub(list, 1, #lane) == lane then return number .. string.sub(list, #lane + 1) end
  end
  return list
end

local function pageLists(lists)
  local from, start = string.match(ARGV[2], '^(%S+) (%d+)$')
  for _, list in ipairs(lists) do
    -- The list of the cursor may have been drained meanwhile.
    if not from or rank(list) >= rank(from) then
      if not walkList(list, list == from and tonumber(start) or 0) then return end
    end
  end
end

local function pageRunning()
  local batches = redis.call('ZRANGE', KEYS[1], 0, PER_CALL - 1)
  table.sort(batches)
  local from, start = string.match(ARGV[2], '^(%S+) (%d+)$')
  for _, batch in ipairs(batches) do
    if not from or batch >= from then
      local slots = redis.call('LRANGE', PREFIX .. 'run:' .. batch, 1, -1)
      local first = batch == from and tonumber(start) or 1
      for i = first, #slots do
        if slots[i] ~= '' and not add(batch .. ' ' .. i, batch, '', '', slots[i]) then return end
      end
    end
  end
end

local function pageSet(set, hash)
  local score, from = string.match(ARGV[2], '^(%d+) (%S+)$')
  local index = score and redis.call('ZCOUNT', set, '-inf', '(' .. score) or 0
  while true do
    local members = redis.call('ZRANGE', set, index, index + 99, 'WITHSCORES')
    if #members == 0 then return end
    for i = 1, #members, 2 do
      local id, at = members[i], text(tonumber(members[i + 1]))
      local isBefore = score and at == score and id < from
      local value = not isBefore and redis.call('HGET', hash, id)
      if value then
        local reason, body = unnoted(value)
        if not add(at .. ' ' .. id, id, at, reason, body) then return end
      end
    end
    index = index + #members / 2
  end
end

local function readyLists()
  local lists = {}
  for _, lane in ipairs(LANE_NAMES) do
    lists[#lists + 1] = lane
    for _, limit in ipairs(keysOf(lane)) do lists[#lists + 1] = lane .. ':' .. limit end
  end
  return lists
end

if ARGV[1] == 'ready' then
  pageLists(readyLists())
elseif ARGV[1] == 'suspect' then
  pageLists({'suspect'})
elseif ARGV[1] == 'running' then
  pageRunning()
elseif ARGV[1] == 'later' then
  pageSet(KEYS[6], KEYS[7])
else
  pageSet(KEYS[8], KEYS[9])
end
return {nextCursor, unpack(rows)}
