-- The limit keys with settings, with waiting jobs or at rest, or the one that is named, whatever it
-- has; writes nothing.
--
-- ARGV[1] key, or '' for all
-- Result: for each, by name: {key, concurrency or '', interval (us) or '', burst or '', running,
--         hi, std, low, why it rests or '', until (ms) or '', trial, since when its oldest job
--         waits (ms) or ''}; trial is 0 or 1
-- Looks at PER_CALL keys of each kind.

local names, seen = {}, {}
local sets = {PREFIX .. 'limits', REST, ROTATION.hi, ROTATION.std, ROTATION.low}
if ARGV[1] ~= '' then names, sets = {ARGV[1]}, {} end
for _, set in ipairs(sets) do
  for _, key in ipairs(redis.call('ZRANGE', set, 0, PER_CALL - 1)) do
    if key ~= '' and not seen[key] then
      seen[key] = true
      names[#names + 1] = key
    end
  end
end
table.sort(names)

local function waitingSince(key)
  local oldest
  for _, lane in ipairs(LANE_NAMES) do
    local age = frontAge(keyedList(lane, key))
    if age and (not oldest or age > oldest) then oldest = age end
  end
  return oldest and text(now - oldest) or ''
end

local rows = {}
for i = 1, math.min(#names, PER_CALL) do
  local key = names[i]
  local f = redis.call('HMGET', PREFIX .. 'limit:' .. key, 'concurrency', 'interval', 'burst',
    'why', 'trial')
  local held = redis.call('ZRANGE', PREFIX .. 'held:' .. key, 0, PER_CALL - 1, 'WITHSCORES')
  local running = 0
  for j = 2, #held, 2 do running = running + tonumber(held[j]) end
  local due = redis.call('ZSCORE', REST, key)
  rows[i] = {
    key, f[1] or '', f[2] or '', f[3] or '', running,
    redis.call('LLEN', keyedList('hi', key)), redis.call('LLEN', keyedList('std', key)),
    redis.call('LLEN', keyedList('low', key)),
    due and f[4] or '', due and text(tonumber(due)) or '', f[5] and 1 or 0,
    waitingSince(key),
  }
end
return rows
