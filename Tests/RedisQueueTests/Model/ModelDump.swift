import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// All keys of a server with what they hold, in one form for Redis and for the model.
struct ModelDump: Equatable {
    /// Key (without the queue's prefix) to content; sets and hashes in the order of their names.
    private(set) var keys: [String: [String]] = [:]

    /// Reads everything on the server; the test has it for itself.
    static let script = RedisScript(
        name: "dump",
        source: """
            local result = {}
            for _, key in ipairs(redis.call('KEYS', '*')) do
              local kind = redis.call('TYPE', key).ok
              local content
              if kind == 'list' then content = redis.call('LRANGE', key, 0, -1)
              elseif kind == 'hash' then content = redis.call('HGETALL', key)
              elseif kind == 'zset' then content = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
              else content = {redis.call('GET', key)} end
              result[#result + 1] = {key, kind, content}
            end
            return result
            """
    )

    /// What the script found.
    init(_ value: RedisValue, prefix: String) throws {
        for row in try Self.list(value) {
            let fields = try Self.list(row)
            let key = try Self.text(fields[0])
            guard key != ModelWorlds.clockKey else { continue }
            let content = try Self.list(fields[2]).map { try Self.text($0) }
            let isPaired = try ["hash", "zset"].contains(Self.text(fields[1]))
            set(String(key.dropFirst(prefix.count)), isPaired ? Self.paired(content) : content)
        }
    }

    private static func list(_ value: RedisValue) throws -> [RedisValue] {
        guard case .array(let values) = value else {
            throw QueueError.protocolViolation(reason: "no list: \(value)")
        }
        return values
    }

    private static func text(_ value: RedisValue) throws -> String {
        switch value {
        case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .status(let text): return text
        default: throw QueueError.protocolViolation(reason: "no text: \(value)")
        }
    }

    /// Pairs of a hash or a set, in the order of their names.
    private static func paired(_ content: [String]) -> [String] {
        stride(from: 0, to: content.count, by: 2)
            .map { (content[$0], content[$0 + 1]) }
            .sorted { $0.0 < $1.0 }
            .flatMap { [$0.0, $0.1] }
    }

    private mutating func set(_ key: String, _ content: [String]) {
        var content = content
        if key == "ctl" {
            Self.drop(
                &content,
                [
                    "layout": nil, "memory": nil, "memoryAt": nil, "running": "0", "keyed:hi": "0",
                    "keyed:std": "0",
                    "keyed:low": "0",
                ]
            )
        }
        if !content.isEmpty { keys[key] = content }
    }

    /// Removes what says nothing: the layout, and a count of nothing.
    private static func drop(_ content: inout [String], _ pairs: [String: String?]) {
        content = stride(from: 0, to: content.count, by: 2)
            .filter { index in
                guard let dropped = pairs[content[index]] else { return true }
                return dropped != nil && dropped != content[index + 1]
            }
            .flatMap { [content[$0], content[$0 + 1]] }
    }

    private mutating func set(pairs: [(String, String)], _ key: String) {
        set(key, pairs.sorted { $0.0 < $1.0 }.flatMap { [$0.0, $0.1] })
    }
}

// MARK: - The model's keys

extension ModelDump {
    /// The keys that a queue in the model's state has.
    init(_ model: QueueModel) {
        for (lane, items) in model.ready { set("ready:\(lane)", Self.list(items)) }
        set("suspect", Self.list(model.suspects))
        setLimits(model)
        set(pairs: model.leases.map { ($0.key.text, "\($0.value.expiry)") }, "lease")
        for (reference, lease) in model.leases {
            let slots = lease.slots.map { $0.map { Self.text(.job($0)) } ?? "" }
            set("run:\(reference.text)", ["\(lease.fence)"] + slots)
        }
        set(pairs: model.parked.map { ($0.key.text, "\($0.value.due)") }, "later")
        set(
            pairs: model.parked.map { id, parked in
                let body = Self.text(.job(parked.job))
                return (id.text, parked.reason.isEmpty ? body : Self.noted(parked.reason, body))
            },
            "parked"
        )
        set(pairs: model.dead.map { ($0.key.text, "\($0.value.at)") }, "dead")
        set(
            pairs: model.dead.map {
                ($0.key.text, Self.noted($0.value.reason, Self.text($0.value.body)))
            },
            "deadbody"
        )
        set("bell", model.hasToken ? ["1"] : [])
        set(
            pairs: model.cancellations.map { ($0.key.text, "\($0.value.at)|\($0.value.person)") },
            "cancel"
        )
        set(pairs: model.presences.map { ($0.key.text, "\($0.value)") }, "workers")
        for (id, worker) in model.workers { set(pairs: Self.fields(worker), "worker:\(id.text)") }
        for (key, claim) in model.uniques { set("uniq:\(key.text)", [claim.holder.text]) }
        for (id, call) in model.calls { set("call:\(id.text)", [Self.text(call.answers)]) }
        for (schedule, instant) in model.ticks { set("tick:\(schedule)", ["\(instant)"]) }
        for (schedule, hold) in model.holds {
            let fields = [
                ("pausedBy", hold.person), ("pausedWhy", hold.reason),
                ("pausedAt", "\(hold.atMilliseconds)"),
            ]
            set(pairs: fields, "hold:\(schedule)")
        }
        for (schedule, notes) in model.tickNotes {
            let texts = notes.map { note in
                "\(note.instantMilliseconds)|\(note.atMilliseconds)|\(note.outcome.rawValue)"
            }
            set("ticks:\(schedule)", texts)
        }
        for (feed, cursor) in model.feeds { set("feed:\(feed)", [Self.text(cursor)]) }
        set(pairs: Self.control(model), "ctl")
        set(pairs: Self.counters(model.counters), "stat")
    }

    private mutating func setLimits(_ model: QueueModel) {
        for (lane, lists) in model.keyed {
            for (key, items) in lists {
                set("lane:\(lane.rawValue):\(key)", Self.list(items))
            }
        }
        for (lane, turns) in model.rotation {
            set(pairs: turns.map { ($0.key, "\($0.value)") }, "lanes:\(lane.rawValue)")
        }
        for (key, batches) in model.held {
            set(pairs: batches.map { ($0.key.text, "\($0.value)") }, "held:\(key)")
        }
        set(pairs: model.rests.map { ($0.key.text, "\($0.value.due)") }, "rest")
        set(pairs: model.limits.keys.map { ($0.text, "0") }, "limits")
        let keys = Set(model.limits.keys).union(model.rests.keys).union(model.trials)
            .union(model.arrivals.keys)
        for key in keys { set(pairs: Self.fields(of: key, model), "limit:\(key)") }
    }

    private static func fields(
        of key: LimitKey,
        _ model: QueueModel
    ) -> [(String, String)] {
        var fields: [(String, String)] = []
        if let concurrency = model.limits[key]?.concurrency {
            fields.append(("concurrency", "\(concurrency)"))
        }
        if let rate = model.limits[key]?.rate {
            fields += [("interval", "\(rate.intervalMicroseconds)"), ("burst", "\(rate.burst)")]
        }
        if let arrival = model.arrivals[key] { fields.append(("tat", "\(arrival)")) }
        if let rest = model.rests[key] { fields.append(("why", rest.why.rawValue)) }
        if model.trials.contains(key) { fields.append(("trial", "1")) }
        return fields
    }

    private static func list(_ items: [QueueModel.Item]) -> [String] {
        items.reversed().map(text)
    }

    private static func text(_ item: QueueModel.Item) -> String {
        String(decoding: item.bytes, as: UTF8.self)
    }

    private static func noted(_ reason: String, _ body: String) -> String {
        "r|\(reason.utf8.count)|\(reason)\(body)"
    }

    private static func text(_ answers: [EnqueueAnswer]) -> String {
        guard answers.contains(where: { $0 != .queued }) else { return "" }
        return answers.map { answer in
            if case .held(let holder) = answer { return "|\(holder)" }
            return "|"
        }
        .joined()
    }

    private static func text(_ cursor: FeedCursor) -> String {
        switch cursor {
        case .at(let position): "\(position)"
        case .closed: "closed"
        }
    }

    private static func fields(_ worker: QueueModel.Worker) -> [(String, String)] {
        var fields = worker.reaped.map { ("r:\($0.text)", "1") }
        if let number = worker.number {
            let states: [TurnReply.Settled] = [.nothing, .settled, .alreadySettled, .lost, .stale]
            let state = states.firstIndex(of: worker.settled) ?? -1
            fields += [("n", "\(number)"), ("settled", "\(state)")]
        }
        if let presence = worker.presence {
            fields += [
                ("host", presence.host), ("pid", "\(presence.processID)"),
                ("version", presence.version), ("started", "\(presence.startedMilliseconds)"),
                ("slots", "\(presence.slots)"), ("busy", "\(presence.busy)"),
            ]
        }
        return fields
    }

    private static func control(_ model: QueueModel) -> [(String, String)] {
        var fields: [(String, String)] = []
        if let pause = model.pause {
            fields += [
                ("pausedBy", pause.person), ("pausedWhy", pause.reason),
                ("pausedAt", "\(pause.atMilliseconds)"),
            ]
        }
        if let solo = model.solo {
            fields += [("solo", solo.worker.text), ("soloUntil", "\(solo.until)")]
        }
        if model.fence > 0 { fields.append(("fence", "\(model.fence)")) }
        if model.fetches > 0 { fields.append(("fetches", "\(model.fetches)")) }
        if model.reapedAt > 0 { fields.append(("reaped", "\(model.reapedAt)")) }
        fields += model.marks.map { ($0.key.rawValue, "\($0.value)") }
        for (lane, lists) in model.keyed {
            let count = lists.values.reduce(0) { $0 + $1.count }
            if count > 0 { fields.append(("keyed:\(lane.rawValue)", "\(count)")) }
        }
        if model.runningCount > 0 { fields.append(("running", "\(model.runningCount)")) }
        return fields
    }

    private static func counters(_ counters: QueueCounters) -> [(String, String)] {
        [
            ("enqueued", counters.enqueued), ("fetched", counters.fetched),
            ("succeeded", counters.succeeded), ("retried", counters.retried),
            ("snoozed", counters.snoozed), ("released", counters.released),
            ("discarded", counters.discarded), ("died", counters.died),
            ("reaped", counters.reaped), ("graces", counters.graces), ("failed", counters.failed),
            ("purged", counters.purged),
        ]
        .filter { $0.1 > 0 }
        .map { ($0.0, "\($0.1)") }
    }
}

// MARK: - Reading it

extension ModelDump {
    /// Pairs of a hash or a set.
    func pairs(_ key: String) -> [String: String] {
        let content = keys[key] ?? []
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: content.count, by: 2).map {
                (content[$0], content[$0 + 1])
            }
        )
    }

    /// The keys that differ, with both contents.
    func difference(from other: ModelDump) -> String {
        Set(keys.keys).union(other.keys.keys).sorted()
            .filter { keys[$0] != other.keys[$0] }
            .map { "\($0): redis \(keys[$0] ?? []), model \(other.keys[$0] ?? [])" }
            .joined(separator: "\n")
    }
}
