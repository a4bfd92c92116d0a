import Testing

/// One defect that is planted into a script, to prove that the model-based test would find it.
struct Mutation: Sendable, CustomTestStringConvertible {
    let name: String
    let script: String
    let original: String
    let replacement: String

    var testDescription: String { name }

    static let all = [
        Mutation(
            name: "skip the lease check",
            script: "turn",
            original: "if redis.call('ZSCORE', KEYS[1], oldBatch) then",
            replacement: "if true then"
        ),
        Mutation(
            name: "count a crash without solo",
            script: "reap",
            original: "if isSolo then crashes = ",
            replacement: "if true then crashes = "
        ),
        Mutation(
            name: "forget the unique key",
            script: "turn",
            original: "done = done + 1\n        free(id, unique)",
            replacement: "done = done + 1"
        ),
        Mutation(
            name: "ring always",
            script: "turn",
            original:
                "if (popped + promoted + released > 0 or hasWoken) and hasMore(canFetch) then ring() end",
            replacement: "if hasMore(canFetch) then ring() end"
        ),
        Mutation(
            name: "never ring after an enqueue",
            script: "enqueue",
            original: "if hasReady and not isPaused() then ring() end",
            replacement: ""
        ),
        Mutation(
            name: "settle by position only",
            script: "turn",
            original: "if id and id == ARGV[i + 1] then",
            replacement: "if id then"
        ),
        Mutation(
            name: "settle a whole batch under any fence",
            script: "turn",
            original: "if redis.call('LINDEX', KEYS[18], 0) ~= fence then return false end",
            replacement: ""
        ),
        Mutation(
            name: "keep the cancellations of a whole batch",
            script: "turn",
            original: "if e ~= '' then uncancel((known(e))) end",
            replacement: ""
        ),
        Mutation(
            name: "keep what is no envelope when its batch is reaped",
            script: "reap",
            original: "bury(garbage, e, 'malformed envelope')",
            replacement: "redis.call('LPUSH', KEYS[5], e)"
        ),
        Mutation(
            name: "promote while paused",
            script: "turn",
            original: "if not paused and limit > 0 then\n  promote()\n  fetch()",
            replacement:
                "if limit > 0 then promote() end\nif not paused and limit > 0 then\n  fetch()"
        ),
        Mutation(
            name: "reap without grace",
            script: "reap",
            original: "if now - last > GRACE then",
            replacement: "if false then"
        ),
        Mutation(
            name: "push twice on a repeated enqueue",
            script: "enqueue",
            original: "if earlier then return earlier end",
            replacement: ""
        ),
        Mutation(
            name: "a fence that does not rise",
            script: "turn",
            original: "math.max((tonumber(ctl[2]) or 0) + 1, nowMicroseconds)",
            replacement: "nowMicroseconds"
        ),
        Mutation(
            name: "fetch anew on a repeated turn",
            script: "turn",
            original: "if number <= highest or isLeased.b or isLeased.s then",
            replacement: "if false then"
        ),
        Mutation(
            name: "count a snooze as an attempt",
            script: "turn",
            original: "count('snoozed', 1)",
            replacement: "count('snoozed', 1)\n      attempt = text(tonumber(attempt) + 1)"
        ),
        Mutation(
            name: "free a unique key that another job holds",
            script: "turn",
            original: "if redis.call('GET', key) == id then redis.call('DEL', key) end",
            replacement: "redis.call('DEL', key)"
        ),
        Mutation(
            name: "fire an instant twice",
            script: "tick",
            original: "tonumber(last) >= tonumber(ARGV[1])",
            replacement: "tonumber(last) > tonumber(ARGV[1])"
        ),
        Mutation(
            name: "fire although paused",
            script: "tick",
            original: "if pausedBy then\n  outcome",
            replacement: "if false then\n  outcome"
        ),
        Mutation(
            name: "feed wherever the cursor stands",
            script: "feed",
            original: "if found ~= ARGV[1] then return {'moved', found} end",
            replacement: ""
        ),
        Mutation(
            name: "feed without moving the cursor",
            script: "feed",
            original: "redis.call('SET', KEYS[15], ARGV[2])",
            replacement: ""
        ),
        Mutation(
            name: "move the cursor of a part that is refused",
            script: "feed",
            original: "  if isRefused(lane) then return {'refused'",
            replacement:
                "  if isRefused(lane) then redis.call('SET', KEYS[15], ARGV[2]) return {'refused'"
        ),
        Mutation(
            name: "refuse what a paused schedule lets pass",
            script: "tick",
            original: "if not pausedBy then\n  if isRefused",
            replacement: "if true then\n  if isRefused"
        ),
        Mutation(
            name: "leave long leases after the clock went back",
            script: "reap",
            original: "redis.call('ZADD', KEYS[1], now + LEASE, batch)",
            replacement: "redis.call('EXISTS', KEYS[1])"
        ),
        Mutation(
            name: "give back to the end of the lane",
            script: "turn",
            original: "redis.call('RPUSH', list, stamped",
            replacement: "redis.call('LPUSH', list, stamped"
        ),
        Mutation(
            name: "forget to give a key's count back at reap",
            script: "reap",
            original: "hasWoken = giveKeysBack(batch, freed) or hasWoken",
            replacement: ""
        ),
        Mutation(
            name: "forget to give a key's count back at settle",
            script: "turn",
            original: "hasWoken = giveKeysBack(oldBatch, freed)",
            replacement: ""
        ),
        Mutation(
            name: "serve a key over its concurrency",
            script: "turn",
            original: "a.room = math.max(0, most - heldBy(key, most))",
            replacement: "a.room = most"
        ),
        Mutation(
            name: "serve a key over its rate",
            script: "turn",
            original: "redis.call('HSET', PREFIX .. 'limit:' .. key, 'tat', text(a.tat))",
            replacement: ""
        ),
        Mutation(
            name: "serve a key whose upstream rests",
            script: "enqueue",
            original: "if redis.call('ZSCORE', REST, limit) then return false end",
            replacement: ""
        ),
        Mutation(
            name: "send all jobs after a rest",
            script: "turn",
            original: "redis.call('HSET', PREFIX .. 'limit:' .. key, 'trial', '1')",
            replacement: ""
        ),
        Mutation(
            name: "never end a trial",
            script: "turn",
            original: "redis.call('HDEL', PREFIX .. 'limit:' .. key, 'trial')",
            replacement: ""
        ),
        Mutation(
            name: "keep a full key asleep when a job of it is settled",
            script: "turn",
            original: "'why') == 'full' then",
            replacement: "'why') == 'never' then"
        ),
        Mutation(
            name: "serve the first key again and again",
            script: "turn",
            original: "if popped > poppedBefore then redis.call('ZADD', rotation, fence, key) end",
            replacement: ""
        ),
        Mutation(
            name: "give the low lane every slot",
            script: "turn",
            original: "cap = lane == 'low' and math.min(limit, popped + lowLimit) or limit",
            replacement: ""
        ),
        Mutation(
            name: "never wake a key whose rest is over",
            script: "turn",
            original: "if hasKeys then wakeKeys() end",
            replacement: ""
        ),
        Mutation(
            name: "purge leaves an empty list in the rotation",
            script: "purge",
            original:
                "if redis.call('EXISTS', list) == 0 and redis.call('ZREM', ROTATION[lane], limit) == 1 then",
            replacement: "if false then"
        ),
        Mutation(
            name: "take the low lane over the hard mark",
            script: "enqueue",
            original: "or level >= 2 and lane == 'low'",
            replacement: ""
        ),
        Mutation(
            name: "push half a call before it is refused",
            script: "enqueue",
            original: "      if isRefused(part.lane) then return",
            replacement:
                "      if not isRefused(part.lane) then enter(part) end\n      if isRefused(part.lane) then return"
        ),
        Mutation(
            name: "never ask producers to slow down",
            script: "enqueue",
            original: "tostring(slowDown)",
            replacement: "'0'"
        ),
        Mutation(
            name: "remember an instant that was refused",
            script: "tick",
            original: "if isRefused(lane) then return",
            replacement: "if isRefused(lane) then redis.call('SET', KEYS[15], ARGV[1]) return"
        ),
        Mutation(
            name: "purge forgets the unique key",
            script: "purge",
            original: "  free(id, unique)\n  redis.call('HDEL', KEYS[13], id)",
            replacement: "  redis.call('HDEL', KEYS[13], id)"
        ),
        Mutation(
            name: "purge frees the unique key of a dead job's later copy",
            script: "purge",
            original: "if not isDead then drop(e) end",
            replacement: "drop(e)"
        ),
        Mutation(
            name: "drop the rest of a batch that is full",
            script: "turn",
            original: "for j = #items, i, -1 do redis.call('RPUSH', key, items[j]) end",
            replacement: ""
        ),
        Mutation(
            name: "push twice on a repeated enqueue of an idle queue",
            script: "enqueue",
            original: "KEYS[11], KEYS[15]) > 0 then",
            replacement: "KEYS[11]) > 0 then"
        ),
        Mutation(
            name: "never ring after an enqueue to an idle queue",
            script: "enqueue",
            original: "redis.call('RPUSH', KEYS[11], '1')\n  return",
            replacement: "return"
        ),
        Mutation(
            name: "ring an idle queue that is paused",
            script: "enqueue",
            original: "or ctl[2] or not memory",
            replacement: "or not memory"
        ),
        Mutation(
            name: "never ask producers of an idle queue to slow down",
            script: "enqueue",
            original: "if depth >= tonumber(ctl[3] or SOFT_DEPTH) then return nil end",
            replacement: ""
        ),
        Mutation(
            name: "fetch the only job under a number that is used up",
            script: "turn",
            original: "if not highest or highest >= tonumber(ARGV[2]) then",
            replacement: "if not highest then"
        ),
        Mutation(
            name: "fetch the only job although paused",
            script: "turn",
            original: "or ctl[2] or ctl[5] then",
            replacement: "or ctl[5] then"
        ),
        Mutation(
            name: "fetch the only job before one that is due",
            script: "turn",
            original: " or due and (due <= now or due == math.huge) then",
            replacement: " then"
        ),
        Mutation(
            name: "fetch the only job under a fence that does not rise",
            script: "turn",
            original: "math.max(last + 1, nowMicroseconds)",
            replacement: "nowMicroseconds"
        ),
        Mutation(
            name: "fetch the only job whatever it is",
            script: "turn",
            original: "if string.sub(job, 1, 3) ~= 'v1|' or",
            replacement: "if"
        ),
        Mutation(
            name: "fetch the only job and forget the suspects",
            script: "turn",
            original: "'EXISTS', other, KEYS[4], KEYS[5], KEYS[13]",
            replacement: "'EXISTS', other, KEYS[4], KEYS[13]"
        ),
        Mutation(
            name: "fetch the only job although it is cancelled",
            script: "turn",
            original: "'EXISTS', other, KEYS[4], KEYS[5], KEYS[13]",
            replacement: "'EXISTS', other, KEYS[4], KEYS[5]"
        ),
        Mutation(
            name: "fetch the only job and forget the other lanes",
            script: "turn",
            original: "'EXISTS', other, KEYS[4], KEYS[5], KEYS[13]",
            replacement: "'EXISTS', KEYS[5], KEYS[13]"
        ),
        Mutation(
            name: "fetch the only job and do not count it",
            script: "turn",
            original: "'running', text(running + 1))",
            replacement: "'running', text(running))"
        ),
    ]
}
