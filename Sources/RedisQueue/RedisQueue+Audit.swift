package import JobQueue
import RedisClient

extension RedisQueue {
    /// Checks the protocol's invariants while the queue is in use.
    ///
    /// Each call of Redis is bounded by `QueueLimits.jobsPerCallMax` items. What needs several
    /// calls to be judged is judged only when nothing moved meanwhile, else it is named as
    /// unchecked. Lists of batches and unique keys without an owner can only be found with SCAN.
    ///
    /// - Parameter mends: Whether to mend what is found; each mending looks again in its step.
    /// - Returns: What was looked at, found and mended.
    /// - Throws: `QueueError`; what was mended until then is mended.
    package func audit(mends: Bool) async throws(QueueError) -> AuditReport {
        var audit = QueueAuditRun(queue: self, mends: mends)
        return try await audit.run()
    }
}

/// The bounds of one audit.
package enum AuditLimits {
    /// Calls of SCAN, of `QueueLimits.jobsPerCallMax` keys each: a million keys.
    package static let scansMax = 2_000

    /// Tries to find the queue unmoved from the first call of a judgement to the last.
    package static let roundsMax = 3

    /// Violations that one report names; the rest waits for the next audit.
    package static let violationsMax = 10_000
}

/// One audit of one queue.
private struct QueueAuditRun {
    let queue: RedisQueue
    let mends: Bool
    var report = AuditReport()

    private static let itemsMax = QueueLimits.jobsPerCallMax

    init(queue: RedisQueue, mends: Bool) {
        self.queue = queue
        self.mends = mends
    }

    mutating func run() async throws(QueueError) -> AuditReport {
        let counts = try await part("state").data
        try await sets(counts)
        let found = try await scan()
        try await orphans(found.runs)
        try await batches()
        // Without all lists of limited jobs a holder could be missed that waits in one.
        if found.isWhole { try await uniqueKeys(found.uniques, keyedLists: found.keyedLists) }
        return report
    }

    // MARK: Calls

    /// One call of the script; keeps what it found.
    private mutating func part(
        _ name: String,
        _ arguments: [String] = [],
        mends: Bool? = nil
    ) async throws(QueueError) -> AuditReply {
        let call = queue.calls.audit(part: name, mends: mends ?? self.mends, arguments)
        report.calls += 1
        // A repeat after a lost answer finds mended what the first mended, and no more is lost.
        let reply = try AuditReply(ScriptReply(try await queue.repeatable(call)))
        let room = AuditLimits.violationsMax - report.violations.count
        report.violations += reply.violations.prefix(max(0, room))
        return reply
    }

    // MARK: Parked and dead jobs

    private mutating func sets(_ counts: [String]) async throws(QueueError) {
        let numbers = counts.compactMap { Int($0) }
        guard numbers.count == 5 else { throw .protocolViolation(reason: "audit state") }
        let later = try await walk("later")
        report.checked.parked += later.checked
        // Each time has its job; so there is a job without a time only if there are more jobs.
        if numbers[2] > later.checked - later.violations {
            report.checked.parked += try await walk("parked", from: "0").checked
        }
        let dead = try await walk("dead")
        report.checked.dead += dead.checked
        if numbers[4] > dead.checked - dead.violations {
            report.checked.dead += try await walk("bodies", from: "0").checked
        }
    }

    private mutating func walk(
        _ name: String,
        from start: String = "0"
    ) async throws(QueueError) -> (checked: Int, violations: Int) {
        var cursor = start
        var checked = 0
        var violations = 0
        repeat {
            let reply = try await part(name, [cursor])
            checked += reply.checked
            violations += reply.violations.count
            cursor = reply.cursor
        } while !cursor.isEmpty
        return (checked, violations)
    }

    // MARK: Batches

    /// What a scan of the queue's keys found, by the names after their prefixes.
    private struct Found {
        /// Batches that have a list.
        var runs: [String]

        /// Unique keys that are held.
        var uniques: [String]

        /// Lane and limit key of the lists in which limited jobs wait.
        var keyedLists: [String]

        /// Whether all keys were seen.
        var isWhole: Bool
    }

    private mutating func scan() async throws(QueueError) -> Found {
        var cursor = "0"
        var runs: Set<String> = []
        var uniques: Set<String> = []
        var keyedLists: Set<String> = []
        let keyed = queue.keys.prefix + "lane:"
        let run = queue.keys.prefix + "run:"
        let unique = queue.keys.prefix + "uniq:"
        for _ in 0..<AuditLimits.scansMax {
            report.calls += 1
            let (next, keys) = try await queue.scan(from: cursor, count: Self.itemsMax)
            for key in keys {
                if key.hasPrefix(run) { runs.insert(String(key.dropFirst(run.count))) }
                if key.hasPrefix(unique) { uniques.insert(String(key.dropFirst(unique.count))) }
                if key.hasPrefix(keyed) { keyedLists.insert(String(key.dropFirst(keyed.count))) }
            }
            cursor = next
            if cursor == "0" { break }
        }
        if cursor != "0" {
            report.unchecked.append(
                "batches and unique keys without an owner: Redis has too many keys"
            )
        }
        return Found(
            runs: runs.sorted(),
            uniques: uniques.sorted(),
            keyedLists: keyedLists.sorted(),
            isWhole: cursor == "0"
        )
    }

    private mutating func orphans(_ runs: [String]) async throws(QueueError) {
        for names in runs.parts(of: Self.itemsMax) {
            let reply = try await part("orphans", names, mends: false)
            report.checked.runLists += reply.checked
            guard mends, !reply.violations.isEmpty else { continue }
            report.violations.removeLast(
                min(reply.violations.count, report.violations.count)
            )
            // One list for each call: it may be as long as a call may be.
            for violation in reply.violations { _ = try await part("orphans", [violation.subject]) }
        }
    }

    private mutating func batches() async throws(QueueError) {
        for round in 1...AuditLimits.roundsMax {
            let begin = try await part("leases")
            guard begin.cursor.isEmpty else {
                report.unchecked.append("batches: there are more than \(Self.itemsMax)")
                return
            }
            var open = 0
            var checked = 0
            var violations = 0
            var mark = begin.mark
            var isUnmoved = true
            for names in begin.batches(sizeMax: Self.itemsMax) {
                let reply = try await part("runs", names)
                open += reply.data.first.flatMap { Int($0) } ?? 0
                checked += reply.checked
                violations += reply.violations.count
                if reply.mark != mark { isUnmoved = false }
                mark = reply.mark
            }
            if round == 1 { report.checked.batches = checked }
            if isUnmoved {
                let last = try await part("running", [mark, String(open)])
                if last.mark == mark { return }
            }
            // What was found is found again in the next round.
            if !mends, round < AuditLimits.roundsMax {
                report.violations.removeLast(min(violations, report.violations.count))
            }
        }
        report.unchecked.append("the count of running jobs: the queue kept moving")
    }

    // MARK: Unique keys

    private mutating func uniqueKeys(
        _ names: [String],
        keyedLists: [String]
    ) async throws(QueueError) {
        report.checked.uniqueKeys = names.count
        for _ in 1...AuditLimits.roundsMax {
            var missing: [String: String] = [:]
            var mark: String?
            var isUnmoved = true
            func note(_ reply: AuditReply) {
                if let mark, mark != reply.mark { isUnmoved = false }
                mark = mark ?? reply.mark
            }
            for part in names.parts(of: Self.itemsMax) {
                let reply = try await self.part("unique", part)
                note(reply)
                for pair in reply.data.parts(of: 2) where pair.count == 2 {
                    missing[pair[0]] = pair[1]
                }
            }
            guard !missing.isEmpty else { return }
            guard let places = try await places(of: Set(missing.values), keyedLists) else {
                report.unchecked.append("unique keys' holders: there are too many batches")
                return
            }
            for reply in places {
                note(reply)
                let found = Set(reply.data)
                missing = missing.filter { !found.contains($0.value) }
            }
            guard !missing.isEmpty else { return }
            guard isUnmoved, let mark else { continue }
            for part in missing.sorted(by: { $0.key < $1.key }).parts(of: Self.itemsMax / 2) {
                _ = try await self.part("free", [mark] + part.flatMap { [$0.key, $0.value] })
            }
            return
        }
        report.unchecked.append("some unique keys' holders: the queue kept moving")
    }

    /// Looks through batches and lists until every one of these jobs was seen; nil when there are
    /// batches that it cannot look through.
    private mutating func places(
        of ids: Set<String>,
        _ keyedLists: [String]
    ) async throws(QueueError) -> [AuditReply]? {
        var left = ids
        var replies: [AuditReply] = []
        let begin = try await part("leases", mends: false)
        guard begin.cursor.isEmpty else { return nil }
        for names in begin.batches(sizeMax: Self.itemsMax) where !left.isEmpty {
            let violationsBefore = report.violations.count
            let reply = try await part("runs", names, mends: false)
            // They were reported where batches are checked.
            report.violations.removeLast(report.violations.count - violationsBefore)
            left.subtract(reply.data.dropFirst())
            replies.append(reply)
        }
        for list in ["suspect", "hi", "std", "low"] + keyedLists {
            var cursor = "0"
            while !left.isEmpty, !cursor.isEmpty {
                let reply = try await part("ids", [list, cursor])
                report.checked.waiting += reply.checked
                left.subtract(reply.data)
                cursor = reply.cursor
                replies.append(reply)
            }
        }
        return replies
    }
}

extension RedisQueue {
    /// One step of SCAN through this queue's keys.
    fileprivate func scan(
        from cursor: String,
        count: Int
    ) async throws(QueueError) -> (next: String, keys: [String]) {
        let pattern = keys.prefix.reduce(into: "") { pattern, character in
            if "*?[]\\^".contains(character) { pattern.append("\\") }
            pattern.append(character)
        }
        let reply: RedisValue
        do throws(RedisError) {
            reply = try await commands.send(
                RedisCommand("SCAN", cursor, "MATCH", pattern + "*", "COUNT", String(count))
            )
        } catch {
            throw QueueError(error)
        }
        guard case .array(let parts) = reply, parts.count == 2, case .bytes(let next) = parts[0],
            case .array(let keys) = parts[1]
        else { throw .protocolViolation(reason: "an answer to SCAN") }
        return (
            String(decoding: next, as: UTF8.self),
            keys.compactMap { key in
                guard case .bytes(let bytes) = key else { return nil }
                return String(decoding: bytes, as: UTF8.self)
            }
        )
    }
}

extension Array {
    /// The elements in runs of at most this many.
    fileprivate func parts(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

/// The result of one call of the audit's script.
private struct AuditReply {
    let mark: String
    let cursor: String
    let checked: Int
    let data: [String]
    let violations: [AuditViolation]

    init(_ reply: ScriptReply) throws(QueueError) {
        mark = try reply.text(0)
        cursor = try reply.text(1)
        checked = try reply.integer(2)
        data = try reply.list(3).texts()
        let fields = try reply.list(4).texts()
        var violations: [AuditViolation] = []
        for field in fields.parts(of: 4) {
            guard field.count == 4, let kind = AuditViolation.Kind(rawValue: field[0]) else {
                throw .protocolViolation(reason: "an unknown violation in a result")
            }
            violations.append(
                AuditViolation(
                    kind: kind,
                    subject: field[1],
                    detail: field[2],
                    isMended: field[3] == "1"
                )
            )
        }
        self.violations = violations
    }

    /// Names of the batches that `leases` gave, gathered so that their lists have together at most
    /// so many elements, and each group at least one.
    func batches(sizeMax: Int) -> [[String]] {
        var groups: [[String]] = []
        var size = 0
        for pair in data.parts(of: 2) where pair.count == 2 {
            let length = Int(pair[1]) ?? 0
            if groups.isEmpty || size + length > sizeMax {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(pair[0])
            size += length
        }
        return groups
    }
}
