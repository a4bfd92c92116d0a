-- forget: removes what a reaped copy of finished jobs left in `later` and `dead`.
--
-- KEYS[1]    ctl
-- ARGV[1...] job ids
-- Returns how many copies were removed.

local refused = layout()
if refused then return refused end
if #ARGV > 500 then return fail('forget: too many ids') end
call('ZREM', LEASE, '')

local n = 0
for i = 1, #ARGV do
  local value = call('HGET', PARKED, ARGV[i])
  if value then
    local _, body = unpacked(value)
    local job = envelope(body)
    if job then release(job) end
    call('HDEL', PARKED, ARGV[i])
    call('ZREM', LATER, ARGV[i])
    n = n + 1
  end
  if call('ZREM', DEAD, ARGV[i]) == 1 then
    call('HDEL', DEADBODY, ARGV[i])
    n = n + 1
  end
end
return n
