import CallStore
import Foundation
import GRDB
import JobQueue
import Testing
import Traces

@Suite("Committing of results")
struct CommitTests {
    @Test("changes nothing the second time, whatever the fence")
    func double() async throws {
        let fixture = try await StoreFixture()
        let call = try await fixture.record(.sample()).call
        try fixture.countEffects()
        let change: StoreChange = { writer in
            try writer.pin(call, ManualPin(campaign: nil, person: "ana"))
        }
        #expect(try await fixture.commit("j1", fence: 5, change) == .applied)
        #expect(try await fixture.commit("j1", fence: 5, change) == .alreadyApplied)
        #expect(try await fixture.commit("j1", fence: 9, change) == .alreadyApplied)
        #expect(try fixture.number("select count(*) from effects") == 1)
        let twice = try await fixture.store.commit([
            try StoreFixture.job("j2", change), try StoreFixture.job("j2", change),
        ])
        #expect(twice.verdicts == [.applied, .alreadyApplied])
        #expect(try fixture.number("select count(*) from effects") == 2)
        let ids = try ["j1", "j3", "j2"].map { try JobID($0) }
        #expect(try await fixture.store.finished(among: ids) == [ids[0], ids[2]])
        #expect(try await fixture.store.finished(among: []) == [])
    }

    @Test(
        "makes follow-on jobs children of the job that they follow from",
        arguments: ["all together", "each by itself"]
    )
    func traces(way: String) async throws {
        let fixture = try await StoreFixture()
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let cases: [(String, String?)] = [("j1", parent), ("j2", nil), ("j3", "invalid")]
        let jobs = try cases.map { id, trace in
            var job = try StoreFixture.job(id) { writer in
                var child = try Self.follow(1)
                child.trace = nil
                try writer.addToOutbox(child)
                var other = try Self.follow(2)
                other.trace = own
                try writer.addToOutbox(other)
            }
            job.entry.trace = trace
            return job
        }
        // One that fails has every job committed under a savepoint of its own.
        let spoiler = try StoreFixture.job("spoiler") { _ in throw StoreError.notFound(what: "test")
        }
        let receipt = try await fixture.store.commit(
            way == "all together" ? jobs : jobs + [spoiler]
        )
        let traces = try receipt.outbox.map { entry in
            try #require(TraceContext(traceparent: entry.job.trace ?? ""))
        }
        #expect(traces[0].traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(traces[0].spanID != "00f067aa0ba902b7")
        // Without a valid one the trace is that of the job's id.
        #expect(traces[2].traceID == TraceContext(derivedFrom: "j2").traceID)
        #expect(traces[4].traceID == TraceContext(derivedFrom: "j3").traceID)
        for index in [1, 3, 5] { #expect(traces[index].traceparent == own) }
    }

    @Test("makes jobs of a change children of what made it, and of nothing but themselves else")
    func tracesOfChanges() async throws {
        let fixture = try await StoreFixture()
        var alone = try Self.follow(1)
        alone.trace = nil
        let job = alone
        let add: @Sendable (StoreWriter) throws -> String? = { writer in
            try writer.addToOutbox(job)
            return writer.outboxAdded.first?.job.trace
        }
        let trace = TraceContext(derivedFrom: "request")
        let inside = try await TraceScope.$current.withValue(TraceScope(trace)) {
            try await fixture.store.write(add)
        }
        #expect(TraceContext(traceparent: inside ?? "")?.traceID == trace.traceID)
        let outside = try await fixture.store.write(add)
        let other = try #require(TraceContext(traceparent: outside ?? ""))
        #expect(other.traceID != trace.traceID)
    }

    @Test(
        "a job that is ended without a result leaves the outbox; one that has its result keeps it"
    )
    func ends() async throws {
        let fixture = try await StoreFixture()
        let call = try await fixture.record(.sample()).call
        let follow = try await fixture.store.write { try $0.addToOutbox(try Self.follow(1)) }
        try await fixture.commit("j1") { try $0.pin(call, ManualPin(campaign: nil, person: "p")) }
        let entries = try [follow.text, "j1", "j2"].map { id in
            LedgerEntry(
                id: try JobID(id),
                kind: "test",
                worker: try WorkerID("operator"),
                fence: 0,
                attempt: 1
            )
        }
        for _ in 0..<2 { try await fixture.store.end(entries) }
        #expect(try fixture.number("select count(*) from outbox") == 0)
        #expect(try fixture.number("select count(*) from ledger") == 3)
        #expect(try fixture.number("select count(*) from ledger where worker = 'w1'") == 1)
        let late = try await fixture.commit("j2") { try $0.addToOutbox(try Self.follow(2)) }
        #expect(late == .alreadyApplied)
        #expect(try fixture.number("select count(*) from outbox") == 0)
    }

    @Test("rolls back one violating job among ninety-nine good ones, alone")
    func violation() async throws {
        let fixture = try await StoreFixture()
        let bad = 41
        let jobs = try (0..<100).map { number in
            try StoreFixture.job("j\(number)") { writer in
                let campaign = try writer.add(NewCampaign(name: "c\(number)", channel: .mail))
                try writer.addToOutbox(try Self.follow(number))
                if number == bad {
                    _ = try writer.add(NewCampaign(name: "c\(number)", channel: .mail))
                }
                try writer.add(NewRecipient(campaign: campaign, reference: "r"))
            }
        }
        let receipt = try await fixture.store.commit(jobs)
        for (number, verdict) in receipt.verdicts.enumerated() where number != bad {
            #expect(verdict == .applied, "job \(number)")
        }
        guard case .rejected(let reason) = receipt.verdicts[bad] else {
            Issue.record("\(receipt.verdicts[bad])")
            return
        }
        #expect(reason.contains("UNIQUE"))
        #expect(receipt.outbox.count == 99)
        let bodies = receipt.outbox.map { String(decoding: $0.job.payload, as: UTF8.self) }
        #expect(!bodies.contains("{\"n\":\(bad)}"))
        #expect(try fixture.number("select count(*) from campaigns") == 99)
        #expect(try fixture.number("select count(*) from recipients") == 99)
        #expect(try fixture.number("select count(*) from ledger") == 99)
        #expect(try fixture.number("select count(*) from outbox") == 99)
        let retry = try await fixture.commit("j\(bad)") { writer in
            _ = try writer.add(NewCampaign(name: "c\(bad)", channel: .mail))
        }
        #expect(retry == .applied)
    }

    @Test("takes an error that is not the store's for the job's own failure")
    func foreignError() async throws {
        struct Mistake: Error {}
        let fixture = try await StoreFixture()
        let receipt = try await fixture.store.commit([
            try StoreFixture.job("j1") { _ in throw Mistake() },
            try StoreFixture.job("j2") { _ in },
        ])
        #expect(receipt.verdicts[0] == .rejected(reason: "Mistake: Mistake()"))
        #expect(receipt.verdicts[1] == .applied)
    }

    @Test("takes a job out of the outbox in the transaction of its ledger row")
    func outbox() async throws {
        let fixture = try await StoreFixture()
        let receipt = try await fixture.store.commit([
            try StoreFixture.job("j1") { try $0.addToOutbox(try Self.follow(1)) }
        ])
        let entry = try #require(receipt.outbox.first)
        #expect(entry.job == (try Self.follow(1)))
        #expect(try await fixture.store.dueOutbox(limit: 9).isEmpty)
        fixture.time.advance(by: .seconds(31))
        #expect(try await fixture.store.dueOutbox(limit: 9) == [entry])
        try await fixture.store.write { try $0.markSent(entry.id, againIn: .seconds(600)) }
        fixture.time.advance(by: .seconds(599))
        #expect(try await fixture.store.dueOutbox(limit: 9).isEmpty)
        fixture.time.advance(by: .seconds(1))
        #expect(try await fixture.store.dueOutbox(limit: 9).map(\.sends) == [1])
        try await fixture.commit(entry.id.text) { _ in }
        #expect(try await fixture.store.dueOutbox(limit: 9).isEmpty)
        #expect(try fixture.number("select count(*) from outbox") == 0)
    }

    @Test("gives equal follow-on jobs ids of their own")
    func outboxIDs() async throws {
        let fixture = try await StoreFixture()
        let receipt = try await fixture.store.commit([
            try StoreFixture.job("j1") { writer in
                for _ in 0..<20 { try writer.addToOutbox(try Self.follow(1)) }
            }
        ])
        #expect(Set(receipt.outbox.map(\.id)).count == 20)
    }

    @Test("moves a cursor only for the newest delivery")
    func cursor() async throws {
        let fixture = try await StoreFixture()
        func advance(_ id: String, _ position: String?, fence: Int64) async throws -> LedgerVerdict
        {
            try await fixture.commit(id) { writer in
                try writer.advance(walk: "w", to: position, fence: fence)
            }
        }
        #expect(try await fixture.store.cursor(ofWalk: "w") == nil)
        #expect(try await advance("j1", "p1", fence: 10) == .applied)
        #expect(try await advance("j2", "p2", fence: 10) == .applied)
        #expect(
            try await advance("j3", "p0", fence: 9)
                == .stale(reason: "a newer delivery moved the cursor")
        )
        #expect(try await fixture.store.cursor(ofWalk: "w")?.position == "p2")
        #expect(try await advance("j4", nil, fence: 11) == .applied)
        #expect(try await fixture.store.cursor(ofWalk: "w")?.position == nil)
    }

    @Test("moves marks forward only")
    func marks() async throws {
        let fixture = try await StoreFixture()
        for (moment, expected) in [(Int64(5), Int64(5)), (9, 9), (7, 9), (10, 10)] {
            try await fixture.store.write { try $0.note(.lastPoll, atMilliseconds: moment) }
            #expect(try await fixture.store.mark(.lastPoll) == expected)
        }
        #expect(try await fixture.store.mark(.lastPoll, in: "other") == nil)
    }

    private static func follow(_ number: Int) throws -> OutboxJob {
        OutboxJob(
            queue: try QueueName("attribution"),
            kind: "attribution",
            lane: .low,
            payload: Array("{\"n\":\(number)}".utf8),
            unique: try UniqueKey("u\(number)"),
            uniqueHorizon: .seconds(90),
            delay: .milliseconds(1500),
            trace: "00-1-2-01"
        )
    }
}
