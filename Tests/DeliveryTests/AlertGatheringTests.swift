import CallStore
import Delivery
import Foundation
import Testing

@Suite("What the rules of the alerts are decided from")
struct AlertGatheringTests {
    private static let day: Int64 = 86_400

    private static func with(
        _ body: (_ store: CallStore, _ clock: TestClock) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "ringback-alerts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let clock = TestClock()
        let store = try await CallStore.open(
            path: folder.appending(path: "s.sqlite").path,
            ambient: clock.ambient
        )
        try await body(store, clock)
        try store.close()
        try FileManager.default.removeItem(at: folder)
    }

    private static func call(
        _ id: String,
        _ clock: TestClock,
        daysAgo: Int64,
        source: CallRecord.Source = .detail,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(conversationID: id),
            source: source,
            fetchedAtMilliseconds: clock.now,
            agentID: "agent_1",
            status: .done
        )
        record.startedUnix = clock.now / 1_000 - daysAgo * day
        record.durationSeconds = 60
        change(&record)
        return record
    }

    private static let kept = KeptPeriods(
        rawBodies: .seconds(30 * day),
        webhooks: .seconds(7 * day),
        ledger: .seconds(45 * day),
        numbers: .seconds(100 * day),
        transcripts: .seconds(50 * day)
    )

    @Test("each class is overdue from its own time on, and not when it is gone")
    func overdue() async throws {
        try await Self.with { store, clock in
            let (old, new) = (
                Self.call("old", clock, daysAgo: 60) { $0.summary = "A call." },
                Self.call("new", clock, daysAgo: 49) { $0.summary = "A call." }
            )
            let call = try await store.write { writer in
                _ = try writer.record(new)
                return try writer.record(old).call
            }
            let late = OverdueClass(name: "transcripts", overdue: .seconds(10 * Self.day))
            #expect(try await store.overdue(Self.kept) == [late])
            try await store.write { try $0.expire(.transcripts, [call.number]) }
            #expect(try await store.overdue(Self.kept) == [])
            clock.advance(by: .seconds(3 * Self.day))
            #expect(
                try await store.overdue(Self.kept)
                    == [OverdueClass(name: "transcripts", overdue: .seconds(2 * Self.day))]
            )
        }
    }

    @Test("calls that do not end, and what is set for them")
    func unfinished() async throws {
        try await Self.with { store, clock in
            var open = Self.call("open", clock, daysAgo: 2)
            open.status = .inProgress
            var fresh = Self.call("fresh", clock, daysAgo: 0)
            fresh.status = .inProgress
            let records = [open, fresh, Self.call("done", clock, daysAgo: 3)]
            try await store.write { writer in
                for record in records { _ = try writer.record(record) }
            }
            let gathering = AlertGathering(store: store, queues: [], ambient: clock.ambient)
            #expect(try await gathering.facts().unfinished == 1)
            let patient = try AlertRule.unfinishedCalls.setting(
                isOn: true,
                threshold: 72,
                by: "ana"
            )
            try await store.write { try $0.set(patient) }
            #expect(try await gathering.facts().unfinished == 0)
            clock.advance(by: .seconds(2 * Self.day))
            #expect(try await gathering.facts().unfinished == 1)
        }
    }

    @Test("calls that were never read whole are found before the upstream deletes them")
    func deleted() async throws {
        try await Self.with { store, clock in
            let read = Self.call("read", clock, daysAgo: 1) { record in
                record.deletionUnix = (record.startedUnix ?? 0) + 30 * Self.day
            }
            let unread = Self.call("unread", clock, daysAgo: 20, source: .list)
            let old = Self.call("old", clock, daysAgo: 28)
            try await store.write { writer in
                for record in [read, unread, old] { _ = try writer.record(record) }
            }
            let gathering = AlertGathering(store: store, queues: [], ambient: clock.ambient)
            #expect(try await gathering.facts().unread == 0)
            clock.advance(by: .seconds(8 * Self.day))
            #expect(try await gathering.facts().unread == 1)
            let detail = Self.call("unread", clock, daysAgo: 28)
            try await store.write { _ = try $0.record(detail) }
            #expect(try await gathering.facts().unread == 0)
        }
    }
}
