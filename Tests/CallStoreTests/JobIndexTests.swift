import CallStore
import GRDB
import JobQueue
import Synchronization
import Testing

@Suite("Job index")
struct JobIndexTests {
    private static func mark(
        _ id: String,
        _ event: JobMark.Event,
        fence: Int64? = 1,
        at: Int64 = 1_794_700_000_000,
        entity: String? = nil,
        error: String? = nil,
        reason: String? = nil
    ) throws -> JobMark {
        JobMark(
            id: try JobID(id),
            kind: "sync",
            lane: .std,
            event: event,
            entity: entity,
            attempt: 1,
            worker: try WorkerID("w1"),
            fence: fence,
            errorClass: error,
            reason: reason,
            enqueuedMilliseconds: 1_794_690_000_000,
            atMilliseconds: at
        )
    }

    private static func finished(
        _ id: String,
        entity: String? = nil,
        indexed: Bool = false
    ) throws
        -> LedgerJob
    {
        LedgerJob(
            entry: LedgerEntry(
                id: try JobID(id),
                kind: "sync",
                worker: try WorkerID("w2"),
                fence: 9,
                attempt: 2,
                entity: entity,
                enqueuedMilliseconds: 1_794_690_000_000,
                readyMilliseconds: 1_794_699_990_000,
                ranMilliseconds: 4_000,
                mayBeIndexed: indexed
            ),
            change: { _ in }
        )
    }

    private func ids(_ page: JobIndexPage) -> [String] { page.jobs.map(\.id.text) }

    @Test("a plain success writes nothing to the index")
    func plain() async throws {
        let fixture = try await StoreFixture()
        _ = try await fixture.store.commit([
            try Self.finished("j1"), try Self.finished("j2", indexed: true),
        ])
        #expect(try fixture.number("select count(*) from job_index") == 0)
        #expect(try fixture.number("select count(*) from job_events") == 0)
        let history = try await fixture.store.history(of: try JobID("j1"))
        #expect(history.indexed == nil)
        #expect(history.done?.ranMilliseconds == 4_000)
    }

    @Test("a job that failed once keeps its error when it is done, and its timeline")
    func failedOnce() async throws {
        let fixture = try await StoreFixture()
        let failure = try Self.mark("j1", .failed, error: "timeout", reason: "no end within 5 s")
        try await fixture.store.write { writer in try writer.mark([failure]) }
        _ = try await fixture.store.commit([try Self.finished("j1", indexed: true)])
        let history = try await fixture.store.history(of: try JobID("j1"))
        #expect(history.indexed?.state == .done)
        #expect(history.indexed?.errorClass == "timeout")
        #expect(history.indexed?.failures == 1)
        #expect(history.events.map(\.event) == [.failed, .done])
        #expect(history.events.map(\.worker?.text) == ["w1", "w2"])
    }

    @Test("what an older delivery says later changes nothing; a person's word counts")
    func fences() async throws {
        let fixture = try await StoreFixture()
        let marks = [
            try Self.mark("j1", .dead, fence: 5, error: "other", reason: "gone"),
            try Self.mark("j1", .started, fence: 4),
            try Self.mark("j1", .requeued, fence: nil),
        ]
        let noted = try await fixture.store.write { writer in try writer.mark(marks) }
        #expect(noted == 2)
        let history = try await fixture.store.history(of: try JobID("j1"))
        #expect(history.indexed?.state == .ready)
        #expect(history.indexed?.fence == 5)
        #expect(history.events.map(\.event) == [.dead, .requeued])
    }

    @Test("a note that the store refuses is left out alone, and results are committed")
    func badNote() async throws {
        let fixture = try await StoreFixture()
        var bad = try Self.mark("j1", .failed, error: "other", reason: "x")
        bad.attempt = 0
        let marks = [bad, try Self.mark("j2", .failed, error: "other", reason: "x")]
        let receipt = try await fixture.store.commit([try Self.finished("j3")]) { writer in
            try writer.mark(marks)
        }
        #expect(receipt.verdicts == [.applied])
        #expect(try fixture.number("select count(*) from job_index") == 1)
    }

    @Test("notes of one commit are written together, in order, and the latest of a job are kept")
    func together() async throws {
        let fixture = try await StoreFixture()
        let count = JobIndexLimits.eventsPerJobMax + 7
        var marks = try (0..<count).map { index in
            try Self.mark("j1", .snoozed, at: 1_794_700_000_000 + Int64(index), reason: "busy")
        }
        marks.insert(try Self.mark("j2", .failed, error: "timeout", reason: "late"), at: 3)
        marks.append(try Self.mark("j2", .started))
        let runs = Mutex(0)
        let receipt = try await fixture.store.commit([
            try Self.finished("j2", indexed: true), try Self.finished("j3", indexed: true),
        ]) { [marks] writer in
            runs.withLock { $0 += 1 }
            let noted = try writer.mark(marks)
            #expect(noted == marks.count)
        }
        // A second run would be the careful one, each note by itself.
        #expect(runs.withLock { $0 } == 1)
        #expect(receipt.verdicts == [.applied, .applied])
        let long = try await fixture.store.history(of: try JobID("j1"))
        #expect(long.events.count == JobIndexLimits.eventsPerJobMax)
        #expect(long.events.first?.atMilliseconds == 1_794_700_000_007)
        #expect(long.events.last?.atMilliseconds == 1_794_700_000_000 + Int64(count - 1))
        let short = try await fixture.store.history(of: try JobID("j2"))
        #expect(short.events.map(\.event) == [.failed, .started, .done])
        #expect(short.indexed?.state == .done)
        #expect(short.indexed?.errorClass == "timeout")
        #expect(try fixture.number("select count(*) from job_index") == 2)
    }

    @Test("a note of an older delivery is left out of a commit, and the rest of it stands")
    func olderInCommit() async throws {
        let fixture = try await StoreFixture()
        let newer = try Self.mark("j1", .failed, fence: 5, error: "other", reason: "x")
        try await fixture.store.write { writer in try writer.mark([newer]) }
        let marks = [
            try Self.mark("j1", .started, fence: 4), try Self.mark("j2", .failed, reason: "x"),
        ]
        let runs = Mutex(0)
        let receipt = try await fixture.store.commit([try Self.finished("j3")]) { writer in
            runs.withLock { $0 += 1 }
            try writer.mark(marks)
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(receipt.verdicts == [.applied])
        let older = try await fixture.store.history(of: try JobID("j1"))
        #expect(older.events.map(\.event) == [.failed])
        #expect(older.indexed?.fence == 5)
        let other = try await fixture.store.history(of: try JobID("j2"))
        #expect(other.events.map(\.event) == [.failed])
        #expect(try await fixture.store.finished(among: [try JobID("j3")]).count == 1)
    }

    @Test("rows beyond the bound go: those of jobs that are over first, the oldest first")
    func bound() async throws {
        let fixture = try await StoreFixture()
        let first = try (0..<6).map {
            try Self.mark("d\($0)", $0 < 3 ? .done : .dead, at: 1_794_700_000_000 + Int64($0))
        }
        try await fixture.store.write { writer in try writer.mark(first, rowsMax: 6) }
        let more = try (0..<4).map {
            try Self.mark("n\($0)", .failed, at: 1_794_700_001_000 + Int64($0), reason: "r")
        }
        try await fixture.store.write { writer in try writer.mark(more, rowsMax: 6) }
        let left = try fixture.sql {
            try String.fetchAll($0, sql: "select job_id from job_index order by job_id")
        }
        #expect(left == ["d4", "d5", "n0", "n1", "n2", "n3"])
        #expect(try fixture.number("select rows from job_index_size") == 6)
        #expect(try fixture.number("select count(*) from job_events") == 6)
    }

    @Test("of a job's events the latest are kept")
    func eventBound() async throws {
        let fixture = try await StoreFixture()
        let count = JobIndexLimits.eventsPerJobMax + 7
        let marks = try (0..<count).map { index in
            try Self.mark("j1", .snoozed, at: 1_794_700_000_000 + Int64(index), reason: "busy")
        }
        try await fixture.store.write { writer in try writer.mark(marks) }
        let history = try await fixture.store.history(of: try JobID("j1"))
        #expect(history.events.count == JobIndexLimits.eventsPerJobMax)
        #expect(history.events.first?.atMilliseconds == 1_794_700_000_007)
    }

    @Test("finds by entity what is indexed and what succeeded at once, and pages through both")
    func byEntity() async throws {
        let fixture = try await StoreFixture()
        let failures = try (0..<3).map { index in
            try Self.mark(
                "f\(index)",
                .failed,
                at: 1_794_700_000_000 + Int64(index) * 10,
                entity: "conv_1",
                error: "timeout",
                reason: "late"
            )
        }
        try await fixture.store.write { writer in try writer.mark(failures) }
        for index in 0..<3 {
            fixture.time.advance(by: .seconds(1))
            _ = try await fixture.store.commit([
                try Self.finished("p\(index)", entity: "conv_1"),
                try Self.finished("o\(index)", entity: "conv_2"),
            ])
        }
        var query = JobQuery()
        query.entities = ["conv_1"]
        var cursor: JobIndexCursor?
        var found: [String] = []
        var pages = 0
        repeat {
            let page = try await fixture.store.indexedJobs(query, after: cursor, limit: 2)
            found += ids(page)
            cursor = page.next
            pages += 1
        } while cursor != nil && pages < 10
        #expect(found == ["p2", "p1", "p0", "f2", "f1", "f0"])
        query.states = [.done]
        #expect(ids(try await fixture.store.indexedJobs(query, limit: 9)) == ["p2", "p1", "p0"])
    }

    @Test("filters by state, error class, words of the reason, kind and time")
    func filters() async throws {
        let fixture = try await StoreFixture()
        let marks = [
            try Self.mark("a", .dead, at: 1_794_700_000_001, error: "timeout", reason: "slow one"),
            try Self.mark("b", .failed, at: 1_794_700_000_002, error: "timeout", reason: "late"),
            try Self.mark("c", .dead, at: 1_794_700_000_003, error: "store", reason: "SQLITE_FULL"),
        ]
        try await fixture.store.write { writer in try writer.mark(marks) }
        func find(_ change: (inout JobQuery) -> Void) async throws -> [String] {
            var query = JobQuery()
            change(&query)
            return ids(try await fixture.store.indexedJobs(query, limit: 10))
        }
        #expect(try await find { $0.states = [.dead] } == ["c", "a"])
        #expect(try await find { $0.errorClass = "timeout" } == ["b", "a"])
        #expect(
            try await find {
                $0.errorClass = "timeout"
                $0.states = [.dead]
            } == ["a"]
        )
        #expect(try await find { $0.reasonText = "SQLITE" } == ["c"])
        #expect(try await find { $0.sinceMilliseconds = 1_794_700_000_002 } == ["c", "b"])
        #expect(try await find { $0.kind = "export" } == [])
    }

    @Test(
        "every listing is served by an index",
        arguments: [
            ("entity = 'conv_1'", "job_index_by_entity"),
            ("state = 'dead'", "job_index_by_state"),
            ("error_class = 'timeout'", "job_index_by_error"),
            ("changed_ms >= 5", "job_index_by_change"),
        ]
    )
    func plans(condition: String, index: String) async throws {
        let fixture = try await StoreFixture()
        let plan = try fixture.sql { database in
            try Row.fetchAll(
                database,
                sql: """
                    explain query plan select * from job_index where \(condition)
                    order by changed_ms desc, job_id desc limit 100
                    """
            )
            .map { row -> String in row["detail"] }
            .joined(separator: "\n")
        }
        #expect(plan.contains(index), "\(plan)")
        #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
    }

    @Test("names all entities of a conversation")
    func entities() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_1"))
        let inbox = try await fixture.store.write { writer in
            try writer.receive(
                InboxDelivery(
                    type: "post_call_transcription",
                    conversationID: "conv_1",
                    receivedAtMilliseconds: 1_794_700_000_000,
                    body: .init("{}".utf8)
                )
            )
        }
        guard case .kept(let id) = inbox else {
            Issue.record("\(inbox)")
            return
        }
        let names = try await fixture.store.entities(ofConversation: "conv_1")
        #expect(names == ["conv_1", "call_1", "inbox_\(id.number)"])
    }

    @Test("tells how jobs went lately: rate, run and wait")
    func recent() async throws {
        let fixture = try await StoreFixture()
        _ = try await fixture.store.commit((0..<30).map { try Self.finished("j\($0)") })
        let runs = try await fixture.store.recentRuns()
        #expect(runs["sync"]?.perMinute == 30)
        #expect(runs["sync"]?.meanRun == .seconds(4))
        // Ready ten seconds before the commit, four of which it ran.
        #expect(runs["sync"]?.p95Wait == .seconds(6))
        #expect(runs["export"] == nil)
    }

    @Test("removes what nothing was heard of")
    func pruned() async throws {
        let fixture = try await StoreFixture()
        let marks = [
            try Self.mark("old", .dead, at: 1_794_600_000_000, reason: "r"),
            try Self.mark("new", .dead, at: 1_794_700_000_000, reason: "r"),
        ]
        try await fixture.store.write { writer in try writer.mark(marks) }
        let removed = try await fixture.store.write { writer in
            try writer.removeIndexedJobs(changedBefore: 1_794_650_000_000, limit: 10)
        }
        #expect(removed == 1)
        #expect(try await fixture.store.history(of: try JobID("old")).isEmpty)
    }
}
