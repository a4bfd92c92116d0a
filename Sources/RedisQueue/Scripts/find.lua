-- find: one job wherever it is.
--
-- KEYS[1]  ctl
-- ARGV[1]  job id
-- ARGV[2]  most jobs to look at in the batches, and in each list
-- Returns a row as `list` does, or an empty list.

local refused = layout()
if refused then return refused end
local id, limit = ARGV[1], whole(ARGV[2])
if not limit or limit < 1 then return fail('find: malformed arguments') end

for _, place in ipairs({ { 'later', LATER, PARKED }, { 'dead', DEAD, DEADBODY } }) do
  local at, value = call('ZSCORE', place[2], id), call('HGET', place[3], id)
  if at and value then
    local reason, body = unpacked(value)
    return { place[1], id, int(tonumber(at)), reason, body }
  end
end

local function isWanted(text)
  local _, found = string.find(text, '^v1|%d+|%d+|%d+|')
  return found and string.sub(text, found + 1, found + #id + 1) == id .. '|'
end

local looked = 0
local batches = call('ZRANGE', LEASE, 0, -1)
table.sort(batches)
for _, batch in ipairs(batches) do
  for position, text in ipairs(call('LRANGE', P .. 'run:' .. batch, 0, -1)) do
    if isWanted(text) then return { batch, position - 1, '', '', text } end
    looked = looked + 1
  end
  if looked >= limit then break end
end
for _, place in ipairs({ { 'suspect', SUSPECT }, { 'hi', READY.hi }, { 'std', READY.std },
  { 'low', READY.low } }) do
  local texts = call('LRANGE', place[2], -limit, -1)
  for i = #texts, 1, -1 do
    if isWanted(texts[i]) then return { place[1], #texts - i, '', '', texts[i] } end
  end
end
return {}
