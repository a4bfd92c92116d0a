-- Shows how full the queue is, and changes its marks.
--
-- ARGV pairs of a mark's name and its number, or '' to take the program's again
-- Result: {softDepth, hardDepth, lastDepth, softMemory, hardMemory, lastMemory (each the one in
--          force), depth, memory (percent), delay that producers are asked for (ms), level}

local NAMES = {'softDepth', 'hardDepth', 'lastDepth', 'softMemory', 'hardMemory', 'lastMemory'}
if #ARGV > 0 then
  open()
  for i = 1, #ARGV, 2 do
    if ARGV[i + 1] == '' then
      redis.call('HDEL', KEYS[10], ARGV[i])
    else
      redis.call('HSET', KEYS[10], ARGV[i], ARGV[i + 1])
    end
  end
end
local set = redis.call('HMGET', KEYS[10], unpack(NAMES))
local own = {SOFT_DEPTH, HARD_DEPTH, LAST_DEPTH, SOFT_MEMORY, HARD_MEMORY, LAST_MEMORY}
local m = {}
for i = 1, 6 do m[i] = tonumber(set[i] or own[i]) end
local freshDepth, freshDepthLevel = levelOf(depth, m[1], m[2], m[3])
local freshMemory, freshMemoryLevel = levelOf(memory, m[4], m[5], m[6])
return {
  m[1], m[2], m[3], m[4], m[5], m[6], depth, memory, math.max(freshDepth, freshMemory),
  math.max(freshDepthLevel, freshMemoryLevel),
}
