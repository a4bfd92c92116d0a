-- enqueue: puts jobs into the queue, all in one step.
--
-- KEYS[1]    ctl
-- ARGV[1]    id of this call
-- ARGV[2]    how long its answer is remembered, ms
-- ARGV[3...] three for each job, see `parsed`
-- Returns one text for each job: '' when it was queued, else the id that holds its unique key.
-- A call id seen before gets its earlier answer. Refused whole when Redis is full: its first write
-- needs memory.

local refused = layout()
if refused then return refused end
local memory = whole(ARGV[2])
if not memory or memory <= 0 or (#ARGV - 2) % 3 ~= 0 or #ARGV < 5 then
  return fail('enqueue: malformed arguments')
end
local jobs = {}
for at = 3, #ARGV, 3 do
  local job = parsed(at)
  if not job then return fail('enqueue: malformed job') end
  jobs[#jobs + 1] = job
end
local callKey = P .. 'call:' .. ARGV[1]
local earlier = call('GET', callKey)
if earlier then
  local answers = {}
  for answer in string.gmatch(earlier, '([^|]*)|') do answers[#answers + 1] = answer end
  return answers
end

local push, answers, queued = { hi = {}, std = {}, low = {} }, {}, 0
for i = 1, #jobs do
  local holder = admit(jobs[i], push)
  answers[i] = holder or ''
  if not holder then queued = queued + 1 end
end
call('SET', callKey, table.concat(answers, '|') .. '|', 'PX', int(memory))
pushAll(push)
count('enqueued', queued)
return answers
