import Ambient
import Attribution
import CallJobs
import CallStore
import Foundation
import JobQueue
import JobWorker
import Logging
import PhoneNumbers
import Synchronization
import TestSupport
import Testing

/// A wall clock that moves only when a test moves it, but never stands for two transactions.
final class BenchClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_790_000_000_000)

    func set(unix: Int64) { milliseconds.withLock { $0 = unix * 1000 } }

    func ambient() -> Ambient {
        let live = Ambient.live(seed: 1)
        return Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: {
                let now = self.milliseconds.withLock { time in
                    time += 1
                    return time
                }
                return Date(timeIntervalSince1970: Double(now) / 1000)
            },
            newID: live.newID,
            chance: live.chance
        )
    }
}

/// A store of its own with one campaign, and the attribution handler on it.
struct AttributionBench {
    let store: CallStore
    let handler: AttributionHandler
    let ambient: Ambient
    let clock: BenchClock

    static func run(_ body: (AttributionBench) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        let clock = BenchClock()
        let ambient = clock.ambient()
        let store = try await CallStore.open(
            path: folder.file("store.sqlite"),
            ambient: ambient,
            phoneKey: PhoneKey(id: "test", secret: Data(repeating: 7, count: 32))
        )
        let handler = AttributionHandler(store: store, rules: Samples.rules)
        do {
            let bench = AttributionBench(
                store: store,
                handler: handler,
                ambient: ambient,
                clock: clock
            )
            try await body(bench)
        } catch {
            try store.close()
            throw error
        }
        try store.close()
    }

    /// Runs one job, commits it, and returns the payloads of the jobs that follow.
    @discardableResult
    func run(_ selection: CallSelection) async throws -> [String] {
        let id = try JobID("attribution-\(ambient.newID().uuidString)")
        let job = Job(
            id: id,
            kind: JobKind.attribution.rawValue,
            lane: .low,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: AttributionArguments(selection).payload,
            unique: nil,
            uniqueHorizon: .seconds(1),
            trace: nil
        )
        let context = JobContext(ambient: ambient, logger: Logger(label: "test"), fence: 1)
        guard case .done(let change) = try await handler.run(job, in: context) else {
            Issue.record("the job did not end well")
            return []
        }
        let entry = LedgerEntry(
            id: id,
            kind: job.kind,
            worker: try WorkerID("test"),
            fence: 1,
            attempt: 1
        )
        let receipt = try await store.commit([LedgerJob(entry: entry, change: change)])
        #expect(receipt.verdicts == [.applied])
        #expect(receipt.outbox.allSatisfy { $0.job.lane == .low })
        return receipt.outbox.map { String(decoding: $0.job.payload, as: UTF8.self) }
    }

    @discardableResult
    func record(
        _ id: String,
        _ change: @escaping @Sendable (inout CallRecord) -> Void = { _ in }
    ) async throws -> CallID {
        var record = CallRecord(
            identity: CallIdentity(conversationID: id),
            source: .detail,
            fetchedAtMilliseconds: 1,
            agentID: "agent",
            status: .done
        )
        record.startedUnix = Samples.noon
        record.channel = .phone
        record.direction = .inbound
        record.caller = Samples.number(Samples.caller)
        change(&record)
        let reading = record
        return try await store.write { try $0.record(reading).call }
    }

    /// A campaign with one recipient, who has the sample caller's number and was reached a day
    /// before the sample call.
    @discardableResult
    func campaign(_ name: String, batch: String? = nil) async throws -> (CampaignID, RecipientID) {
        try await store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: name, channel: .mail, batchCallID: batch)
            )
            let recipient = try writer.add(
                NewRecipient(
                    campaign: campaign,
                    reference: "R-\(name)",
                    phone: Samples.number(Samples.caller)
                )
            )
            try writer.add(Samples.sent(Samples.noon - Samples.day), of: recipient)
            return (campaign, recipient)
        }
    }

    func decision(_ id: CallID) async throws -> AttributionDecision? {
        try await store.call(id)?.attribution?.decision
    }
}

@Suite("The attribution job")
struct AttributionHandlerTests {
    @Test("credits a call by its caller's number")
    func credits() async throws {
        try await AttributionBench.run { bench in
            let (campaign, recipient) = try await bench.campaign("spring")
            let call = try await bench.record("conv_1")
            #expect(try await bench.run(.calls([call])).isEmpty)
            let decision = try #require(try await bench.decision(call))
            #expect(decision.campaign == campaign)
            #expect(decision.recipient == recipient)
            #expect(decision.method == .exactNumber)
            #expect(decision.evidence["daysSinceTouch"] == .integer(1))
        }
    }

    @Test("decides the same again and writes no history for it")
    func repeats() async throws {
        try await AttributionBench.run { bench in
            try await bench.campaign("spring")
            let call = try await bench.record("conv_1")
            try await bench.run(.calls([call]))
            let first = try await bench.decision(call)
            try await bench.run(.calls([call]))
            #expect(try await bench.decision(call) == first)
            #expect(try await bench.store.attributionHistory(of: call).count == 1)
        }
    }

    @Test("leaves a person's pin where it is, in jobs, sweeps and ranges")
    func keepsPins() async throws {
        try await AttributionBench.run { bench in
            try await bench.campaign("spring")
            let (other, _) = try await bench.campaign("other")
            let call = try await bench.record("conv_1")
            try await bench.store.write { writer in
                try writer.pin(call, ManualPin(campaign: other, person: "ana"))
            }
            let pinned = try await bench.store.call(call)?.attribution
            let range = CallSelection.range(
                fromUnix: Samples.noon - 1,
                toUnix: Samples.noon + 1,
                after: nil
            )
            for selection in [CallSelection.calls([call]), .open(after: nil), range] {
                try await bench.run(selection)
                #expect(try await bench.store.call(call)?.attribution == pinned)
            }
        }
    }

    @Test("takes up by a sweep what came before its recipients were known")
    func sweeps() async throws {
        try await AttributionBench.run { bench in
            let call = try await bench.record("conv_1")
            try await bench.run(.calls([call]))
            #expect(try await bench.decision(call)?.reason == "no-recipient")
            let (campaign, _) = try await bench.campaign("spring")
            try await bench.run(.open(after: nil))
            #expect(try await bench.decision(call)?.campaign == campaign)
        }
    }

    @Test("hands on after a full batch and visits every call once")
    func handsOn() async throws {
        try await AttributionBench.run { bench in
            let count = AttributionHandler.sweepBatch + 3
            try await bench.store.write { writer in
                for number in 1...count {
                    var record = CallRecord(
                        identity: CallIdentity(conversationID: "conv_\(number)"),
                        source: .detail,
                        fetchedAtMilliseconds: 1,
                        agentID: "agent",
                        status: .done
                    )
                    record.startedUnix = Samples.noon
                    try writer.record(record)
                }
            }
            let next = try await bench.run(.open(after: nil))
            #expect(next == [#"{"after":\#(AttributionHandler.sweepBatch),"sweep":"open"}"#])
            let last = CallID(Int64(AttributionHandler.sweepBatch))
            #expect(try await bench.run(.open(after: last)).isEmpty)
            #expect(try await bench.store.undecided(after: nil, limit: 10).isEmpty)
        }
    }

    @Test("gives a call that moved meanwhile a job of its own, and keeps the rest of the batch")
    func survivesChanges() async throws {
        try await AttributionBench.run { bench in
            let (campaign, _) = try await bench.campaign("spring")
            let moved = try await bench.record("conv_1")
            let still = try await bench.record("conv_2")
            let arguments = AttributionArguments(.calls([moved, still]))
            var job = Job(
                id: try JobID("job"),
                kind: "attribution",
                lane: .std,
                attempt: 1,
                crashes: 0,
                createdMilliseconds: 0,
                readyMilliseconds: 0,
                payload: [],
                unique: nil,
                uniqueHorizon: .seconds(1),
                trace: nil
            )
            job.payload = arguments.payload
            let context = JobContext(
                ambient: bench.ambient,
                logger: Logger(label: "test"),
                fence: 1
            )
            guard case .done(let change) = try await bench.handler.run(job, in: context) else {
                Issue.record("the job did not end well")
                return
            }
            try await bench.record("conv_1") { $0.language = "de" }
            let entry = LedgerEntry(
                id: job.id,
                kind: job.kind,
                worker: try WorkerID("test"),
                fence: 1,
                attempt: 1
            )
            let receipt = try await bench.store.commit([LedgerJob(entry: entry, change: change)])
            #expect(receipt.verdicts == [.applied])
            let payloads = receipt.outbox.map { String(decoding: $0.job.payload, as: UTF8.self) }
            #expect(payloads == [#"{"call":\#(moved)}"#])
            #expect(try await bench.decision(still)?.campaign == campaign)
            #expect(try await bench.decision(moved) == nil)
        }
    }

    @Test("credits the campaign whose batch the upstream dialled, and its recipient")
    func creditsBatches() async throws {
        try await AttributionBench.run { bench in
            let (campaign, recipient) = try await bench.campaign("batch", batch: "btcal_1")
            try await bench.campaign("by number")
            let call = try await bench.record("conv_1") { record in
                record.direction = .outbound
                record.batchCallID = "btcal_1"
                record.batchRecipientID = "R-batch"
            }
            try await bench.run(.calls([call]))
            let decision = try #require(try await bench.decision(call))
            #expect(decision.method == .batchRecipient)
            #expect(decision.confidence == "certain")
            #expect(decision.campaign == campaign)
            #expect(decision.recipient == recipient)
        }
    }

    static let variables: [(String, StoredValue)] = [
        ("ringback_campaign", .text("page")), ("campaign", .text("page")),
        ("campaign_id", .integer(1)), ("campaign_id", .text("1")),
    ]

    @Test("credits the campaign that was passed in by name or id", arguments: variables)
    func creditsVariables(name: String, value: StoredValue) async throws {
        try await AttributionBench.run { bench in
            let (campaign, recipient) = try await bench.campaign("page")
            let call = try await bench.record("conv_1") { record in
                record.caller = Samples.numberless(.withheld)
                record.dynamicVariables = [name: value, "ringback_recipient": .text("R-page")]
            }
            try await bench.run(.calls([call]))
            let decision = try #require(try await bench.decision(call))
            #expect(decision.method == .dynamicVariable)
            #expect(decision.campaign == campaign)
            #expect(decision.recipient == recipient)
        }
    }

    @Test("goes by the number where the named campaign is not ours")
    func ignoresForeignNames() async throws {
        try await AttributionBench.run { bench in
            let (campaign, _) = try await bench.campaign("spring")
            let call = try await bench.record("conv_1") { record in
                record.batchCallID = "btcal_unknown"
                record.dynamicVariables = ["campaign": .text("unheard of")]
            }
            try await bench.run(.calls([call]))
            let decision = try #require(try await bench.decision(call))
            #expect(decision.campaign == campaign)
            #expect(decision.method == .exactNumber)
        }
    }

    @Test("decides nothing of a call whose number nobody has read")
    func waitsForDetails() async throws {
        try await AttributionBench.run { bench in
            let call = try await bench.record("conv_1") { record in
                record.source = .list
                record.caller = nil
            }
            try await bench.run(.calls([call, CallID(999)]))
            #expect(try await bench.decision(call) == nil)
        }
    }
}
