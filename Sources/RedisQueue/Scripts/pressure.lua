-- Stands between the prelude and the producers' scripts: new envelopes, and how full the queue and
-- the server are.
--
-- Marks are fields of ctl (softDepth, hardDepth, lastDepth: jobs; softMemory, hardMemory,
-- lastMemory: percent of maxmemory), else those of the program. Over a soft mark producers are
-- asked to wait a while before they send more; over a hard one the low lane is refused, over a
-- last one all but `hi`.

local TIMES = nowText .. '|' .. nowText .. '|'
local HEAD, HEAD_2 = 'v1|' .. TIMES, 'v2|' .. TIMES

-- Lane and limit key of what stands in place of a lane; no key for envelopes of version 1.
local function laneOf(name)
  if LANES[name] then return name end
  local lane, limit = string.match(name or '', '^(%l+):([!-z~]*)$')
  if not LANES[lane] or #limit > 200 then return nil end
  return lane, limit
end

local SLOW_LEAST, SLOW_MOST = 100, 5000

-- Delay (ms) that producers are asked for, and the level: 0 none, 1 soft, 2 hard, 3 last.
local function levelOf(value, soft, hard, last)
  if value < soft then return 0, 0 end
  local part = (value - soft) / math.max(1, hard - soft)
  local delay = math.min(SLOW_MOST, SLOW_LEAST + math.floor((SLOW_MOST - SLOW_LEAST) * part))
  return delay, value >= last and 3 or value >= hard and 2 or 1
end

local ctl = redis.call('HMGET', KEYS[10], 'softDepth', 'hardDepth', 'lastDepth', 'softMemory',
  'hardMemory', 'lastMemory', 'memory', 'memoryAt', 'keyed:hi', 'keyed:std', 'keyed:low')
local depth = redis.call('LLEN', KEYS[2]) + redis.call('LLEN', KEYS[3]) + redis.call('LLEN', KEYS[4])
  + redis.call('LLEN', KEYS[5]) + redis.call('ZCARD', KEYS[6])
  + (tonumber(ctl[9] or 0)) + (tonumber(ctl[10] or 0)) + (tonumber(ctl[11] or 0))
local memory, isMeasured = memoryShare(ctl[7], ctl[8])
local depthDelay, depthLevel = levelOf(depth, tonumber(ctl[1] or SOFT_DEPTH),
  tonumber(ctl[2] or HARD_DEPTH), tonumber(ctl[3] or LAST_DEPTH))
local memoryDelay, memoryLevel = levelOf(memory, tonumber(ctl[4] or SOFT_MEMORY),
  tonumber(ctl[5] or HARD_MEMORY), tonumber(ctl[6] or LAST_MEMORY))
local slowDown = math.max(depthDelay, memoryDelay)
local level = math.max(depthLevel, memoryLevel)

local function isRefused(lane)
  return level >= 3 and lane ~= 'hi' or level >= 2 and lane == 'low'
end
