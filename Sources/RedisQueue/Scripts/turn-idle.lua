-- Stands between the clock and the prelude of turn: a worker with nothing to settle fetches the
-- only job that waits.
--
-- It does what the whole script would do in that case, and leaves all others to it with nothing
-- changed. On an idle machine everything is cold, and what is touched is what is paid for: the
-- definitions of the prelude alone take longer than this.
--
-- KEYS, ARGV and result as in turn.lua.

local function fetchOnlyJob()
  if ARGV[6] ~= '' or ARGV[3] == '0' then return nil end
  local ctl = redis.call('HMGET', KEYS[10], 'layout', 'pausedBy', 'fence', 'fetches', 'solo',
    'running')
  local layout = tonumber(ctl[1] or nil)
  if not layout or layout > LAYOUT or ctl[2] or ctl[5] then return nil end
  local list, other = KEYS[3], KEYS[2]
  local waiting = redis.call('LLEN', list)
  if waiting == 0 then
    list, other = other, list
    waiting = redis.call('LLEN', list)
  end
  if waiting ~= 1 then return nil end
  local prefix = string.sub(KEYS[1], 1, -6)
  local lanes = prefix .. 'lanes:'
  if redis.call('EXISTS', other, KEYS[4], KEYS[5], KEYS[13], lanes .. 'hi', lanes .. 'std',
    lanes .. 'low', prefix .. 'rest') > 0 then
    return nil
  end
  -- A worker that is not known, and a call that was carried out before.
  local highest = tonumber(redis.call('HGET', KEYS[15], 'n') or nil)
  if not highest or highest >= tonumber(ARGV[2]) then return nil end
  local name = ARGV[1] .. '.' .. ARGV[2]
  local batch = 'b-' .. name
  local leases = redis.call('ZMSCORE', KEYS[1], batch, 's-' .. name)
  local first = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')[2]
  local due = first and tonumber(first)
  if leases[1] or leases[2] or due and (due <= now or due == math.huge) then return nil end
  local job = redis.call('LINDEX', list, 0)
  if string.sub(job, 1, 3) ~= 'v1|' or string.find(job, '|start:', 1, true) then return nil end
  -- Whatever could be wrong is looked at before the first write: nothing rolls back.
  local last, fetches = tonumber(ctl[3] or 0), tonumber(ctl[4] or 0)
  local running = tonumber(ctl[6] or 0)
  if not last or not fetches or not running then return nil end
  local fence = text(math.max(last + 1, nowMicroseconds))
  -- The first write frees memory: a full server does not refuse it, nor those that follow.
  redis.call('RPOP', list)
  redis.call('HSET', KEYS[10], 'fence', fence, 'fetches', text(fetches + 1),
    'running', text(running + 1))
  redis.call('RPUSH', KEYS[16], fence, job)
  redis.call('ZADD', KEYS[1], now + LEASE, batch)
  redis.call('HSET', KEYS[15], 'n', ARGV[2], 'settled', '0')
  redis.call('HINCRBY', KEYS[12], 'fetched', 1)
  return {0, nowText, 0, 0, 0, '0', 0, due and text(due) or '', fence, 0, job}
end

do
  local answer = fetchOnlyJob()
  if answer then return answer end
end
