-- beat: keeps a worker and its batches alive. A script, so that it works when Redis is full.
--
-- KEYS[1]    ctl
-- ARGV[1]    worker
-- ARGV[2]    lease, ms
-- ARGV[3-8]  host, process id, version, start in Unix ms of the worker's clock, slots, busy
-- ARGV[9...] the worker's batches
-- Returns three lists: batches that are gone, cancelled jobs, and how many jobs are unsettled in
-- each batch that is still leased.

local refused = layout()
if refused then return refused end
local worker, leaseTime = ARGV[1], whole(ARGV[2])
if not leaseTime or #ARGV < 8 then return fail('beat: malformed arguments') end
call('ZREM', LEASE, '')

local expiry = int(now + leaseTime)
local lost, cancelled, remaining = {}, {}, {}
local hasCancels = call('EXISTS', CANCEL) == 1
for i = 9, #ARGV do
  local batch = ARGV[i]
  if call('ZSCORE', LEASE, batch) then
    call('ZADD', LEASE, 'XX', expiry, batch)
    local slots, open = call('LRANGE', P .. 'run:' .. batch, 0, -1), 0
    for s = 1, #slots do
      if slots[s] ~= '' then
        open = open + 1
        local job = hasCancels and envelope(slots[s])
        if job and call('HEXISTS', CANCEL, job.id) == 1 then cancelled[#cancelled + 1] = job.id end
      end
    end
    remaining[#remaining + 1] = open
  else
    lost[#lost + 1] = batch
  end
end
local WORKER = P .. 'worker:' .. worker
call('HSET', WORKER, 'host', ARGV[3], 'pid', ARGV[4], 'version', ARGV[5], 'started', ARGV[6],
  'slots', ARGV[7], 'busy', ARGV[8])
call('PEXPIRE', WORKER, 86400000)
call('ZADD', WORKERS, expiry, worker)
return { lost, cancelled, remaining }
