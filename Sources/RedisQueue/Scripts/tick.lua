-- tick: fires one instant of a schedule, once.
--
-- KEYS[1]    ctl
-- ARGV[1]    the schedule's name
-- ARGV[2]    the instant, Unix ms
-- ARGV[3-5]  the job, see `parsed`
-- Returns 'fired', 'already' (this instant or a later one has fired), or 'held|<id>' (the instant
-- counts as fired, but another job holds the unique key).

local refused = layout()
if refused then return refused end
local instant, job = whole(ARGV[2]), parsed(3)
if not instant or not job then return fail('tick: malformed arguments') end
local key = P .. 'tick:' .. ARGV[1]
local last = tonumber(call('GET', key) or '-inf')
if last and last >= instant then return 'already' end

local push = { hi = {}, std = {}, low = {} }
local holder = admit(job, push)
call('SET', key, int(instant))
if holder then return 'held|' .. holder end
pushAll(push)
count('enqueued', 1)
return 'fired'
