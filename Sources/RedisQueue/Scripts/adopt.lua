-- Stands between the prelude and turn: reads what a person pushed by hand.

local function stringEnd(e, at)
  local i = at + 1
  while true do
    i = string.find(e, '["\\]', i)
    if string.byte(e, i) == 34 then return i end
    i = i + 2
  end
end

local function valueEnd(e, at)
  local first = string.sub(e, at, at)
  if first == '"' then return stringEnd(e, at) end
  if first ~= '{' and first ~= '[' then return string.find(e, '[%s,}]', at) - 1 end
  local depth, i = 0, at
  while true do
    i = string.find(e, '[{}%[%]"]', i)
    local found = string.sub(e, i, i)
    if found == '"' then
      i = stringEnd(e, i)
    elseif found == '{' or found == '[' then
      depth = depth + 1
    else
      depth = depth - 1
      if depth == 0 then return i end
    end
    i = i + 1
  end
end

-- The members of a JSON object as they stand in it: encoding decoded ones again would turn an
-- empty array into an object and cut long numbers. The text is known to be valid JSON.
local function members(e)
  local found = {}
  local at = string.find(e, '{', 1, true) + 1
  while true do
    at = string.find(e, '[^%s,]', at)
    if string.sub(e, at, at) == '}' then return found end
    local stop = stringEnd(e, at)
    local key = cjson.decode('[' .. string.sub(e, at, stop) .. ']')[1]
    at = string.find(e, '[^%s:]', stop + 1)
    stop = valueEnd(e, at)
    found[key] = string.sub(e, at, stop)
    at = stop + 1
  end
end

-- Kind and arguments of a bare job; nil and the reason when it is none.
local function adoption(e)
  if #e > PAYLOAD_BYTES + 1000 then return nil, 'over the size limit' end
  local isJSON, value = pcall(cjson.decode, e)
  if not isJSON or type(value) ~= 'table' or not string.find(e, '^%s*{') then
    return nil, 'neither an envelope nor a JSON object'
  end
  local isRead, found = pcall(members, e)
  if not isRead then return nil, 'neither an envelope nor a JSON object' end
  for name in pairs(found) do
    if name ~= 'type' and name ~= 'args' then return nil, 'member other than type and args' end
  end
  local kind = found.type and value.type
  if type(kind) ~= 'string' or #kind > 200 or not string.find(kind, '^[!-z~]+$') then
    return nil, 'type is missing or malformed'
  end
  local args = found.args or '{}'
  if string.sub(args, 1, 1) ~= '{' then return nil, 'args is not an object' end
  if #args > PAYLOAD_BYTES then return nil, 'args over the size limit' end
  return kind, args
end
