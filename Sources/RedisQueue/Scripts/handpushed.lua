-- Part of `turn`: what a person at a Redis prompt has pushed.

-- The text of a JSON string value, quotes and escapes resolved.
local function jsonText(value)
  local ok, list = pcall(cjson.decode, '[' .. value .. ']')
  if ok and type(list[1]) == 'string' then return list[1] end
  return nil
end

-- Where the JSON value that begins at `at` ends; the text is known to be valid JSON.
local function jsonEnd(text, at)
  local depth = 0
  while at <= #text do
    local c = string.sub(text, at, at)
    if c == '"' then
      at = at + 1
      while string.sub(text, at, at) ~= '"' do
        if string.sub(text, at, at) == '\\' then at = at + 1 end
        at = at + 1
      end
      if depth == 0 then return at end
    elseif c == '{' or c == '[' then
      depth = depth + 1
    elseif c == '}' or c == ']' then
      if depth == 0 then return at - 1 end
      depth = depth - 1
      if depth == 0 then return at end
    elseif depth == 0 and (c == ',' or string.find(c, '^%s')) then
      return at - 1
    end
    at = at + 1
  end
  return #text
end

-- The members of a JSON object, as the text that stands in it; nil when it is none.
local function jsonMembers(text)
  if not string.find(text, '^%s*{') then return nil end
  local ok, object = pcall(cjson.decode, text)
  if not ok or type(object) ~= 'table' then return nil end
  local members, at = {}, string.find(text, '{', 1, true) + 1
  while true do
    at = string.find(text, '[^%s,]', at)
    if not at or string.sub(text, at, at) ~= '"' then return members end
    local stop = jsonEnd(text, at)
    local name = jsonText(string.sub(text, at, stop))
    at = string.find(text, '[^%s:]', stop + 1)
    stop = jsonEnd(text, at)
    members[name or ''] = string.sub(text, at, stop)
    at = stop + 1
  end
end

-- The envelope of a bare JSON job, or nil and the reason why it is none.
local function adopted(text, lane, id, payloadMax)
  if string.sub(text, 1, 3) == 'v1|' then return nil, 'malformed envelope' end
  local members = jsonMembers(text)
  if not members then return nil, 'neither an envelope nor a JSON object' end
  for name in pairs(members) do
    if name ~= 'type' and name ~= 'args' then return nil, 'member other than type and args' end
  end
  local kind = members.type and string.sub(members.type, 1, 1) == '"' and jsonText(members.type)
  if not kind or #kind > 200 or not string.find(kind, '^[!-z~]+$') then
    return nil, 'type is missing or malformed'
  end
  local payload = members.args or '{}'
  if string.sub(payload, 1, 1) ~= '{' then return nil, 'args is not an object' end
  if #payload > payloadMax then return nil, 'args over the size limit' end
  return 'v1|' .. int(now) .. '|' .. int(now) .. '|0|' .. id .. '|1|' .. lane .. '||' .. kind .. '|'
    .. #payload .. '|0|raw||' .. payload
end
