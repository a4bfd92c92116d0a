import Ambient
import CallStore
import Foundation
import GRDB
import JobQueue
import PhoneNumbers
import Synchronization
import TestSupport

/// A store in a temporary folder of its own, with a clock that the test sets.
///
/// The folder goes when the fixture does.
final class StoreFixture: Sendable {
    private let scratch: ScratchFolder
    let store: CallStore
    let time: TestTime

    var folder: URL { scratch.url }
    var path: String { folder.appendingPathComponent("store.sqlite").path }

    init(seed: UInt64 = 1) async throws {
        scratch = try ScratchFolder()
        time = TestTime()
        store = try await CallStore.open(
            path: scratch.file("store.sqlite"),
            ambient: time.ambient(seed: seed),
            phoneKey: Self.phoneKey()
        )
    }

    static func phoneKey() throws -> PhoneKey {
        try PhoneKey(id: "test", secret: Data("a secret of the tests only".utf8))
    }

    /// A connection of the test's own, beside the store's.
    func sql<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: path, configuration: configuration).write(body)
    }

    func number(_ query: String, _ arguments: StatementArguments = []) throws -> Int {
        try sql { try Int.fetchOne($0, sql: query, arguments: arguments) ?? -1 }
    }

    /// Counts every change of a call's attribution in a table of the test's own, which no
    /// constraint keeps from counting twice.
    func countEffects() throws {
        try sql { database in
            try database.execute(
                sql: """
                    create table effects (call_id integer) strict;
                    create trigger count_effects after insert on attribution_history begin
                        insert into effects values (new.call_id);
                    end;
                    """
            )
        }
    }

    /// Commits one change as the result of a job.
    @discardableResult
    func commit(
        _ id: String,
        fence: Int64 = 1,
        _ change: @escaping StoreChange
    ) async throws -> LedgerVerdict {
        let receipt = try await store.commit([try Self.job(id, fence: fence, change)])
        return receipt.verdicts[0]
    }

    static func job(
        _ id: String,
        fence: Int64 = 1,
        _ change: @escaping StoreChange
    ) throws -> LedgerJob {
        LedgerJob(
            entry: LedgerEntry(
                id: try JobID(id),
                kind: "test",
                worker: try WorkerID("w1"),
                fence: fence,
                attempt: 1
            ),
            change: change
        )
    }

    /// Records a reading and returns what it did.
    @discardableResult
    func record(_ record: CallRecord) async throws -> Recorded {
        try await store.write { try $0.record(record) }
    }
}

/// Wall time that only the test moves.
final class TestTime: Sendable {
    private let state = Mutex<Int64>(1_794_700_000_000)

    var milliseconds: Int64 { state.withLock { $0 } }

    func advance(by duration: Duration) {
        state.withLock { $0 += duration.components.seconds * 1000 }
    }

    func ambient(seed: UInt64) -> Ambient {
        let live = Ambient.live(seed: seed)
        return Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(self.milliseconds) / 1000) },
            newID: live.newID,
            chance: live.chance
        )
    }
}

extension PartyNumber {
    static func number(_ text: String) -> PartyNumber {
        PartyNumber(raw: text, e164: E164(stored: text), kind: .e164, normaliserVersion: "t")
    }

    static let withheld = PartyNumber(
        raw: "anonymous",
        e164: nil,
        kind: .withheld,
        normaliserVersion: "t"
    )
}

extension CallRecord {
    /// A call at its end, with most of what a detail tells.
    static func sample(
        _ conversation: String = "conv_1",
        status: CallStatus = .done,
        source: Source = .detail,
        fetched: Int64 = 1_794_700_100_000
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(conversationID: conversation),
            source: source,
            fetchedAtMilliseconds: fetched,
            agentID: "agent_1",
            status: status
        )
        record.listFingerprint = "f1"
        record.agentName = "Reception"
        record.startedUnix = 1_794_700_000
        record.acceptedUnix = 1_794_700_001
        record.durationSeconds = 94
        record.channel = .phone
        record.direction = .inbound
        record.agentNumber = .number("+14155550100")
        record.caller = .number("+14155550123")
        record.callResult = "answered"
        record.callSuccessful = "success"
        record.summary = "The caller booked a cleaning."
        record.title = "Cleaning booked"
        record.criteria = [CriterionResult(id: "appointment_booked", result: "success")]
        record.collected = [CollectedValue(id: "appointment_time", value: .text("10:00"))]
        record.messageCount = 3
        record.costCredits = 612
        record.costDollars = 0.071
        record.language = "en"
        record.tags = ["vip"]
        record.isTextOnly = false
        record.dynamicVariables = ["utm_campaign": .text("autumn"), "weight": .number(1.5)]
        record.transcript = .sample
        return record
    }
}

extension [Turn] {
    static var sample: [Turn] {
        [
            Turn(speaker: .agent, message: "Good morning.", secondsIn: 0),
            Turn(speaker: .caller, message: "I would like to book.", secondsIn: 4),
            Turn(
                speaker: .agent,
                message: nil,
                secondsIn: 7,
                toolCalls: [
                    ToolCall(
                        requestID: "r1",
                        name: "book_appointment",
                        kind: "webhook",
                        arguments: #"{"day":"2026-11-24"}"#,
                        wasCalled: true
                    )
                ]
            ),
        ]
    }
}
