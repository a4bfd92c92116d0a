import Ambient
import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker
import Logging
import Synchronization
import TestSupport
import Testing

/// A store, two queues and a relay between them, with time that the test sets.
private final class RelayFixture: Sendable {
    private let scratch: ScratchFolder
    let store: CallStore
    let attribution: InMemoryQueue
    let conversion: InMemoryQueue
    let relay: OutboxRelay
    let committer: StoreCommitter
    let clock = TestClock()

    init() async throws {
        scratch = try ScratchFolder()
        store = try await CallStore.open(
            path: scratch.file("s.sqlite"),
            ambient: clock.ambient
        )
        attribution = InMemoryQueue(name: JobKind.attribution.queue, ambient: clock.ambient)
        conversion = InMemoryQueue(name: JobKind.conversion.queue, ambient: clock.ambient)
        relay = RelayFixture.relay(store, [attribution, conversion], clock)
        committer = StoreCommitter(store: store, relay: relay)
    }

    private static func relay(
        _ store: CallStore,
        _ queues: [InMemoryQueue],
        _ clock: TestClock
    ) -> OutboxRelay {
        OutboxRelay(
            store: store,
            queues: queues,
            ambient: clock.ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// A relay as another process has it.
    func otherRelay() -> OutboxRelay { Self.relay(store, [attribution, conversion], clock) }

    /// How many jobs a sweep would send again if nothing were noted until their grace is over.
    func dueAfterGrace() async throws -> Int {
        clock.advance(seconds: 31)
        defer { clock.advance(seconds: -31) }
        return try await store.dueOutbox(limit: 100).count
    }

    func commit(_ id: String, _ change: @escaping StoreChange) async throws -> CommitVerdict {
        let job = try Job.first(id, kind: "sync", payload: [])
        let finished = FinishedJob(
            job: job,
            worker: try WorkerID("w"),
            fence: 1
        )
        return try await committer.commit([finished], effects: [change], notes: [])[0]
    }
}

private final class TestClock: Sendable {
    private static let start: Int64 = 1_794_700_000
    private let now = Mutex<Int64>(start)

    func advance(seconds: Int64) { now.withLock { $0 += seconds } }

    var ambient: Ambient {
        let live = Ambient.live(seed: 1)
        return Ambient(
            clock: live.clock,
            elapsed: { .seconds(self.now.withLock { $0 } - Self.start) },
            now: { Date(timeIntervalSince1970: TimeInterval(self.now.withLock { $0 })) },
            newID: live.newID,
            chance: live.chance
        )
    }
}

@Suite("Outbox relay")
struct RelayTests {
    private static let follow: StoreChange = { writer in
        try writer.addToOutbox(OutboxJob(AttributionArguments(.calls([CallID(7)]))))
        try writer.addToOutbox(OutboxJob(ConversionArguments(.calls([CallID(7)])), lane: .low))
    }

    private static let conversion: StoreChange = { writer in
        try writer.addToOutbox(OutboxJob(ConversionArguments(.calls([CallID(7)])), lane: .low))
    }

    private static func crowd(_ count: Int) -> StoreChange {
        { writer in
            for number in 0..<count {
                try writer.addToOutbox(
                    OutboxJob(AttributionArguments(.calls([CallID(Int64(number))])))
                )
            }
        }
    }

    @Test("sends what a commit added at once, each to its own queue")
    func atOnce() async throws {
        let fixture = try await RelayFixture()
        #expect(try await fixture.commit("j1", Self.follow) == .applied)
        let sent = try await fixture.attribution.waiting() + fixture.conversion.waiting()
        #expect(sent.map(\.kind) == ["attribution", "conversion"])
        #expect(sent.map(\.lane) == [.std, .low])
        #expect(
            sent.map { String(decoding: $0.payload, as: UTF8.self) } == [
                #"{"call":7}"#, #"{"call":7}"#,
            ]
        )
        #expect(try await fixture.commit("j1", Self.follow) == .alreadyApplied)
        #expect(try await fixture.attribution.waiting().count == 1)
    }

    @Test("does not send again what was noted with the next commit, until its time has come")
    func noted() async throws {
        let fixture = try await RelayFixture()
        // One commit after the other: a worker that is busy writes nothing besides.
        _ = try await fixture.commit("j0") { _ in }
        _ = try await fixture.commit("j1", Self.follow)
        #expect(try await fixture.dueAfterGrace() == 2)
        _ = try await fixture.commit("j2") { _ in }
        #expect(try await fixture.dueAfterGrace() == 0)
        fixture.clock.advance(seconds: 599)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        fixture.clock.advance(seconds: 2)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 2))
        #expect(try await fixture.attribution.waiting().count == 2)
        #expect(try await Set(fixture.attribution.waiting().map(\.id)).count == 1)
        fixture.clock.advance(seconds: 1199)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        fixture.clock.advance(seconds: 2)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 2))
    }

    @Test("notes at once what a worker has sent that does not commit all the time")
    func quiet() async throws {
        let fixture = try await RelayFixture()
        for name in ["j1", "j2"] {
            _ = try await fixture.commit(name, Self.follow)
            fixture.clock.advance(seconds: 31)
            #expect(try await fixture.store.dueOutbox(limit: 10).isEmpty)
        }
        fixture.clock.advance(seconds: 537)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        fixture.clock.advance(seconds: 2)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 2))
    }

    @Test("who sends without committing notes it, at once or when it is old")
    func notedAlone() async throws {
        let fixture = try await RelayFixture()
        let added = Mutex<[OutboxEntry]>([])
        let store = fixture.store.telling { jobs in added.withLock { $0 += jobs } }
        try await store.write(Self.follow)
        await fixture.relay.send(added.withLock { $0 })
        await fixture.relay.note(ifOlderThan: OutboxRelay.notesWait)
        #expect(try await fixture.dueAfterGrace() == 2)
        fixture.clock.advance(seconds: 5)
        await fixture.relay.note(ifOlderThan: OutboxRelay.notesWait)
        #expect(try await fixture.dueAfterGrace() == 0)
        try await store.write(Self.follow)
        await fixture.relay.send(Array(added.withLock { $0 }.suffix(2)))
        await fixture.relay.note()
        // The scheduler has a relay of its own, which knows nothing of these sendings.
        fixture.clock.advance(seconds: 31)
        #expect(try await fixture.otherRelay().sweep() == OutboxReport())
        #expect(try await fixture.attribution.waiting().count == 2)
    }

    @Test("sends what a queue that was away did not take, as soon as it is back")
    func away() async throws {
        let fixture = try await RelayFixture()
        fixture.attribution.failEnqueues(2)
        #expect(try await fixture.commit("j1", Self.follow) == .applied)
        #expect(try await fixture.attribution.waiting().isEmpty)
        #expect(try await fixture.conversion.waiting().count == 1)
        fixture.clock.advance(seconds: 31)
        let failing = try await fixture.relay.sweep()
        #expect(failing.failed == 1)
        #expect(try await fixture.relay.sweep().sent == 1)
        #expect(try await fixture.attribution.waiting().count == 1)
        #expect(try await fixture.conversion.waiting().count == 1)
    }

    @Test("forgets a job when the ledger has it")
    func done() async throws {
        let fixture = try await RelayFixture()
        _ = try await fixture.commit("j1", Self.follow)
        let sent = try await fixture.attribution.waiting() + fixture.conversion.waiting()
        for job in sent {
            _ = try await fixture.commit(job.id.text) { _ in }
        }
        fixture.clock.advance(seconds: 100_000)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        #expect(try await fixture.store.health().outboxWaiting == 0)
    }

    @Test("sends a discarded job no more, and what is still delivered of it changes nothing")
    func discarded() async throws {
        let fixture = try await RelayFixture()
        _ = try await fixture.commit("j1", Self.follow)
        let sent = try await fixture.attribution.waiting() + fixture.conversion.waiting()
        let worker = try WorkerID("w")
        try await fixture.committer.end(
            sent.map { DroppedJob(job: $0, worker: worker, fence: 1) }
        )
        for _ in 0..<3 {
            fixture.clock.advance(seconds: 100_000)
            #expect(try await fixture.relay.sweep() == OutboxReport())
        }
        #expect(try await fixture.store.health().outboxWaiting == 0)
        for job in sent {
            #expect(try await fixture.commit(job.id.text, Self.follow) == .alreadyApplied)
        }
    }

    @Test("waits while another job holds the unique key, and takes its own id for sent")
    func held() async throws {
        let fixture = try await RelayFixture()
        let key = try UniqueKey("u1")
        let other = NewJob(
            id: try JobID("somebody-else"),
            kind: "attribution",
            payload: [],
            unique: key
        )
        _ = try await fixture.attribution.enqueue([other], call: try EnqueueCallID("c1"))
        _ = try await fixture.commit("j1") { writer in
            try writer.addToOutbox(OutboxJob(AttributionArguments(.open(after: nil)), unique: key))
        }
        fixture.clock.advance(seconds: 31)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        fixture.clock.advance(seconds: 61)
        #expect(try await fixture.relay.sweep() == OutboxReport(waiting: 1))
        try await fixture.attribution.finishOne()
        fixture.clock.advance(seconds: 61)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 1))
        fixture.clock.advance(seconds: 601)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 1))
    }

    @Test("keeps jobs for a queue that nobody knows")
    func unknownQueue() async throws {
        let fixture = try await RelayFixture()
        _ = try await fixture.commit("j1") { writer in
            try writer.addToOutbox(OutboxJob(UpkeepArguments(.ledger)))
            try Self.follow(writer)
        }
        #expect(try await fixture.attribution.waiting().count == 1)
        for _ in 0..<3 {
            fixture.clock.advance(seconds: 61)
            #expect(try await fixture.relay.sweep().waiting == 1)
        }
        #expect(try await fixture.store.health().outboxWaiting == 3)
    }

    @Test("sends thousands of jobs in calls of bounded size")
    func many() async throws {
        let fixture = try await RelayFixture()
        fixture.attribution.failEnqueues(1)
        _ = try await fixture.commit("j1") { writer in
            for number in 0..<1_300 {
                try writer.addToOutbox(
                    OutboxJob(AttributionArguments(.calls([CallID(Int64(number))])))
                )
            }
        }
        #expect(try await fixture.attribution.waiting().isEmpty)
        fixture.clock.advance(seconds: 31)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 1_300))
        #expect(try await Set(fixture.attribution.waiting().map(\.id)).count == 1_300)
    }

    @Test("keeps jobs in the outbox while their queue asks to slow down, until the next sweep")
    func slowDown() async throws {
        let fixture = try await RelayFixture()
        _ = try await fixture.attribution.pressure(setting: [.softDepth: 0])
        for name in ["j1", "j2", "j3"] { _ = try await fixture.commit(name, Self.follow) }
        #expect(try await fixture.attribution.waiting().count == 1)
        #expect(try await fixture.conversion.waiting().count == 3)
        fixture.clock.advance(seconds: 31)
        #expect(try await fixture.relay.sweep().sent == 2)
        #expect(try await fixture.attribution.waiting().count == 3)
    }

    @Test("a refused lane does not hold up the others of its queue")
    func refusedLane() async throws {
        let fixture = try await RelayFixture()
        _ = try await fixture.attribution.pressure(setting: [.softDepth: 0, .hardDepth: 0])
        _ = try await fixture.commit("j1") { writer in
            for lane in Lane.allCases {
                try writer.addToOutbox(
                    OutboxJob(AttributionArguments(.calls([CallID(7)])), lane: lane)
                )
            }
        }
        #expect(try await fixture.attribution.waiting().map(\.lane) == [.hi, .std])
        _ = try await fixture.attribution.pressure(setting: [.hardDepth: nil])
        fixture.clock.advance(seconds: 31)
        #expect(try await fixture.relay.sweep().sent == 1)
        #expect(try await fixture.attribution.waiting().map(\.lane) == [.hi, .std, .low])
    }

    @Test("many jobs of a refused lane do not stand in front of those of other queues")
    func refusedCrowd() async throws {
        let fixture = try await RelayFixture()
        _ = try await fixture.attribution.pressure(setting: [.softDepth: 0, .hardDepth: 0])
        _ = try await fixture.commit("j1") { writer in
            for number in 0..<(OutboxRelay.batchMax + 100) {
                try writer.addToOutbox(
                    OutboxJob(
                        AttributionArguments(.calls([CallID(Int64(number))])),
                        lane: .low
                    )
                )
            }
        }
        fixture.clock.advance(seconds: 1)
        fixture.conversion.failEnqueues(1)
        _ = try await fixture.commit("j2", Self.follow)
        #expect(try await fixture.conversion.waiting().isEmpty)
        fixture.clock.advance(seconds: 31)
        let report = try await fixture.relay.sweep()
        #expect(report.failed == OutboxRelay.batchMax + 100)
        #expect(try await fixture.conversion.waiting().count == 1)
        _ = try await fixture.attribution.pressure(setting: [.softDepth: nil, .hardDepth: nil])
        fixture.clock.advance(seconds: 61)
        #expect(try await fixture.relay.sweep().sent == OutboxRelay.batchMax + 100)
    }

    @Test(
        "many jobs that their queue refuses do not stand in front of those of other queues",
        arguments: [
            QueueError.refused(reason: "no right"), .protocolViolation(reason: "no answer of ours"),
        ]
    )
    func failingCrowd(error: QueueError) async throws {
        let fixture = try await RelayFixture()
        let count = OutboxRelay.batchMax + 100
        fixture.attribution.failEnqueues(with: error)
        _ = try await fixture.commit("j1", Self.crowd(count))
        fixture.clock.advance(seconds: 1)
        fixture.conversion.failEnqueues(1)
        _ = try await fixture.commit("j2", Self.conversion)
        fixture.clock.advance(seconds: 31)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 1, failed: count))
        fixture.attribution.setFaults(nil)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        fixture.clock.advance(seconds: 61)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: count))
    }

    @Test("many jobs of a queue that does not answer wait behind those of queues that do")
    func unansweredCrowd() async throws {
        let fixture = try await RelayFixture()
        let count = OutboxRelay.batchMax * 2 + 100
        fixture.attribution.failEnqueues(with: .unavailable(reason: "no answer in time"))
        fixture.conversion.failEnqueues(2)
        _ = try await fixture.commit("j1", Self.conversion)
        fixture.clock.advance(seconds: 1)
        _ = try await fixture.commit("j2", Self.crowd(count))
        fixture.clock.advance(seconds: 1)
        _ = try await fixture.commit("j3", Self.conversion)
        #expect(try await fixture.conversion.waiting().isEmpty)
        fixture.clock.advance(seconds: 31)
        // The first batch shows that Redis is there; the others ask the queue no more.
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 2, failed: count))
        fixture.attribution.setFaults(nil)
        #expect(try await fixture.relay.sweep() == OutboxReport())
        fixture.clock.advance(seconds: 61)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: count))
    }

    @Test("an outage of all queues delays no job beyond its end")
    func outage() async throws {
        let fixture = try await RelayFixture()
        for queue in [fixture.attribution, fixture.conversion] {
            queue.failEnqueues(with: .unavailable(reason: "the connection ended"))
        }
        _ = try await fixture.commit("j1", Self.follow)
        fixture.clock.advance(seconds: 31)
        for _ in 0..<3 {
            #expect(try await fixture.relay.sweep() == OutboxReport(failed: 2))
        }
        fixture.attribution.setFaults(nil)
        fixture.conversion.setFaults(nil)
        #expect(try await fixture.relay.sweep() == OutboxReport(sent: 2))
    }

    @Test("sends nothing of a job that was rolled back")
    func rolledBack() async throws {
        let fixture = try await RelayFixture()
        let verdict = try await fixture.commit("j1") { writer in
            try Self.follow(writer)
            throw StoreError.stale(reason: "changed")
        }
        #expect(verdict == .stale(reason: "changed"))
        #expect(try await fixture.attribution.waiting().isEmpty)
        #expect(try await fixture.store.health().outboxWaiting == 0)
        let finished = try await fixture.committer.finished(among: [try JobID("j1")])
        #expect(finished.isEmpty)
    }
}
