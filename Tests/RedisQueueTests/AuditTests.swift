import Foundation
import JobQueue
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// A queue with a job in every place, and its raw keys.
struct AuditStage {
    let queue: RedisQueue
    let client: RedisClient

    func run(_ command: String...) async throws {
        _ = try await client.send(RedisCommand(command.map { Array($0.utf8) }))
    }

    func ask(_ command: String...) async throws -> RedisValue {
        try await client.send(RedisCommand(command.map { Array($0.utf8) }))
    }

    /// One job running, one suspect that waits, one parked, one dead, three waiting.
    func fill() async throws {
        for (name, unique) in [("run", "u-run"), ("park", "u-park"), ("die", nil)] {
            _ = try await queue.enqueue(
                [try newJob(name, unique: unique)],
                call: try EnqueueCallID("call-\(name)")
            )
        }
        let batch = try #require(try await turn(1, settling: nil).batch)
        let names = batch.names
        func slot(_ name: String, _ outcome: Outcome) throws -> Settlement.Slot {
            let position = try #require(names.firstIndex(of: name))
            return Settlement.Slot(position: position, id: try JobID(name), outcome: outcome)
        }
        let settlement = Settlement(
            batch: batch.reference,
            slots: [
                try slot("park", .retry(after: .seconds(3_600), reason: "later")),
                try slot("die", .dead(reason: "no use")),
            ]
        )
        _ = try await turn(2, settling: settlement, limit: 0)
        for index in 0..<3 {
            _ = try await queue.enqueue(
                [try newJob("wait-\(index)", unique: "u-\(index)")],
                call: try EnqueueCallID("call-wait-\(index)")
            )
        }
    }

    func turn(
        _ number: Int,
        settling settlement: Settlement?,
        limit: Int = 10
    ) async throws -> TurnReply {
        try await queue.turn(
            TurnRequest(
                worker: try WorkerID("w"),
                number: number,
                settlement: settlement,
                limit: limit,
                isIdle: true
            )
        )
    }
}

private func withAuditStage(
    _ name: String,
    _ body: (AuditStage) async throws -> Void
) async throws {
    let server = try await PrivateRedis.shared()
    try await withRedisClient(server) { client in
        try await withRedisQueue("audit-\(name)", on: client) { queue in
            let stage = AuditStage(queue: queue, client: client)
            try await stage.fill()
            try await body(stage)
        }
    }
}

/// Something that is broken by hand.
struct AuditDamage: Sendable, CustomTestStringConvertible {
    let kind: AuditViolation.Kind
    let subject: String
    let plant: @Sendable (AuditStage) async throws -> Void

    var testDescription: String { kind.rawValue }

    static let run = "b-w.1"

    static let all: [AuditDamage] = [
        AuditDamage(kind: .leaseWithoutRun, subject: run) {
            try await $0.run("DEL", $0.queue.keys.prefix + "run:" + run)
        },
        AuditDamage(kind: .runWithoutLease, subject: run) {
            try await $0.run("ZREM", $0.queue.keys.leases, run)
        },
        AuditDamage(kind: .settledBatch, subject: run) {
            try await $0.run("LSET", $0.queue.keys.prefix + "run:" + run, "1", "")
        },
        AuditDamage(kind: .malformedSlot, subject: run) {
            try await $0.run("LSET", $0.queue.keys.prefix + "run:" + run, "1", "garbage")
        },
        AuditDamage(kind: .fenceBehind, subject: run) {
            try await $0.run("HSET", $0.queue.keys.control, "fence", "5")
        },
        AuditDamage(kind: .laterWithoutJob, subject: "park") {
            try await $0.run("HDEL", $0.queue.keys.parked, "park")
        },
        AuditDamage(kind: .jobWithoutTime, subject: "park") {
            try await $0.run("ZREM", $0.queue.keys.later, "park")
        },
        AuditDamage(kind: .deadWithoutJob, subject: "die") {
            try await $0.run("HDEL", $0.queue.keys.deadBodies, "die")
        },
        AuditDamage(kind: .bodyWithoutDeath, subject: "die") {
            try await $0.run("ZREM", $0.queue.keys.dead, "die")
        },
        AuditDamage(kind: .runningCount, subject: "running") {
            try await $0.run("HSET", $0.queue.keys.control, "running", "9")
        },
        AuditDamage(kind: .keyWithoutJob, subject: "lost") {
            try await $0.run("SET", $0.queue.keys.prefix + "uniq:lost", "nobody")
        },
        AuditDamage(kind: .bellTokens, subject: "bell") {
            try await $0.run("RPUSH", $0.queue.keys.bell, "1", "1")
        },
    ]
}

@Suite("Audit")
struct AuditTests {
    @Test("a queue with a job in every place has nothing wrong, and everything was looked at")
    func sound() async throws {
        try await withAuditStage("sound") { stage in
            let report = try await stage.queue.audit(mends: false)
            #expect(report.violations == [])
            #expect(report.unchecked == [])
            #expect(report.checked.batches == 1)
            #expect(report.checked.runLists == 1)
            #expect(report.checked.parked == 1)
            #expect(report.checked.dead == 1)
            #expect(report.checked.uniqueKeys == 5)
            #expect(report.checked.waiting == 3)
        }
    }

    @Test("every violation is found, mended, and gone after that", arguments: AuditDamage.all)
    func damages(_ damage: AuditDamage) async throws {
        try await withAuditStage(damage.kind.rawValue) { stage in
            try await damage.plant(stage)
            let found = try await stage.queue.audit(mends: false)
            let hit = found.violations.filter { $0.kind == damage.kind }
            #expect(hit.map(\.subject) == [damage.subject], "\(found.violations)")
            #expect(found.hasOpenViolations)
            #expect(found.violations.allSatisfy { !$0.isMended })

            let mended = try await stage.queue.audit(mends: true)
            #expect(mended.violations.contains { $0.kind == damage.kind && $0.isMended })
            #expect(!mended.hasOpenViolations, "\(mended.violations)")

            let after = try await stage.queue.audit(mends: true)
            #expect(after.violations == [], "\(after.violations)")
        }
    }

    @Test("jobs of a batch without a lease run again, and none of them has crashed")
    func orphans() async throws {
        try await withAuditStage("orphans") { stage in
            try await stage.run("ZREM", stage.queue.keys.leases, AuditDamage.run)
            _ = try await stage.queue.audit(mends: true)
            let page = try await stage.queue.jobs(in: .suspect, after: nil, limit: 10)
            #expect(page.jobs.map(\.job.id.text) == ["run"])
            #expect(page.jobs.map(\.job.crashes) == [0])
            #expect(try await stage.queue.figures().running == 0)
        }
    }

    @Test("a parked job without a time is due at once, and what is no job ends in dead, whole")
    func mended() async throws {
        try await withAuditStage("mended") { stage in
            try await stage.run("ZREM", stage.queue.keys.later, "park")
            let run = stage.queue.keys.prefix + "run:" + AuditDamage.run
            try await stage.run("LSET", run, "1", "garbage")
            _ = try await stage.queue.audit(mends: true)
            let next = try await stage.turn(3, settling: nil)
            #expect(next.batch?.names.contains("park") ?? false)
            let dead = try await stage.queue.job(try JobID("garbage-\(AuditDamage.run)-0"))
            #expect(dead.map { String(decoding: $0.job.payload, as: UTF8.self) } == "garbage")
        }
    }

    @Test("a unique key of a job that waits for its limit is not taken for lost")
    func limitedHolder() async throws {
        try await withAuditStage("limited") { stage in
            var job = try newJob("limited", unique: "u-limited")
            job.limit = try LimitKey("upstream:one")
            _ = try await stage.queue.enqueue([job], call: try EnqueueCallID("limited"))
            let report = try await stage.queue.audit(mends: true)
            #expect(report.violations == [])
            #expect(report.unchecked == [])
        }
    }

    @Test("a unique key of a job deep in a lane is not taken for lost")
    func deepHolder() async throws {
        try await withAuditStage("deep") { stage in
            for call in 0..<3 {
                let jobs = try (0..<QueueLimits.jobsPerCallMax).map { index in
                    try newJob("n-\(call)-\(index)", unique: index == 7 ? "deep-\(call)" : nil)
                }
                _ = try await stage.queue.enqueue(jobs, call: try EnqueueCallID("many-\(call)"))
            }
            let report = try await stage.queue.audit(mends: false)
            #expect(report.violations == [])
            #expect(report.unchecked == [])
            #expect(report.checked.waiting > 2 * QueueLimits.jobsPerCallMax)
        }
    }

    @Test("what moves between the calls is not judged")
    func moving() async throws {
        try await withAuditStage("moving") { stage in
            try await stage.run("SET", stage.queue.keys.prefix + "uniq:lost", "nobody")
            // A script that counts an enqueue with every call: the queue never stands still.
            let scripts = QueueScripts(tuning: QueueTuning()) { name, source in
                name == "audit"
                    ? source.replacingOccurrences(
                        of: "if mends then open() end\nparts[part]()",
                        with: "redis.call('HINCRBY', KEYS[12], 'enqueued', 1)\nparts[part]()"
                    ) : source
            }
            let report = try await withRedisQueue(
                stage.queue.name.text,
                on: stage.client,
                scripts: scripts
            ) { try await $0.audit(mends: true) }
            #expect(report.violations == [])
            #expect(report.unchecked.count == 2)
            let key = stage.queue.keys.prefix + "uniq:lost"
            #expect(try await stage.ask("EXISTS", key) == .integer(1))
        }
    }
}
