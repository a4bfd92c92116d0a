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
            original: "if popped + promoted + released > 0 and hasMore() then ring() end",
            replacement: "if hasMore() then ring() end"
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
            original:
                "if number <= highest or redis.call('ZSCORE', KEYS[1], newBatch.b)\n  or redis.call('ZSCORE', KEYS[1], newBatch.s) then",
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
            name: "leave long leases after the clock went back",
            script: "reap",
            original: "redis.call('ZADD', KEYS[1], now + LEASE, batch)",
            replacement: "redis.call('EXISTS', KEYS[1])"
        ),
        Mutation(
            name: "give back to the end of the lane",
            script: "turn",
            original: "redis.call('RPUSH', wasSolo and KEYS[5] or LANES[lane],",
            replacement: "redis.call('LPUSH', wasSolo and KEYS[5] or LANES[lane],"
        ),
        Mutation(
            name: "drop the rest of a batch that is full",
            script: "turn",
            original: "for j = #items, i, -1 do redis.call('RPUSH', key, items[j]) end",
            replacement: ""
        ),
    ]
}
