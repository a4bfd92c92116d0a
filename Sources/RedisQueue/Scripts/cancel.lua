-- cancel: parked jobs go at once; the others are noted for their fetch or their worker's beat.
--
-- KEYS[1]    ctl
-- ARGV[1]    who
-- ARGV[2...] job ids
-- Returns how many were parked or noted; dead jobs are left alone.

local refused = layout()
if refused then return refused end
if #ARGV > 501 or #ARGV < 2 then return fail('cancel: malformed arguments') end
call('ZREM', LEASE, '')
local n, discarded = 0, 0
for i = 2, #ARGV do
  local id = ARGV[i]
  if not call('ZSCORE', DEAD, id) then
    local value = call('HGET', PARKED, id)
    if value then
      local _, body = unpacked(value)
      local job = envelope(body)
      if job then release(job) end
      call('HDEL', PARKED, id)
      call('ZREM', LATER, id)
      discarded = discarded + 1
    else
      call('HSET', CANCEL, id, int(now) .. '|' .. ARGV[1])
    end
    n = n + 1
  end
end
count('discarded', discarded)
return n
