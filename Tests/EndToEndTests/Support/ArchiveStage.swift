import Ambient
import Attribution
import CallJobs
import CallStore
import Conversion
import ElevenLabs
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JobQueue
import JobWorker
import Logging
import PhoneNumbers
import Sync
import Synchronization
import Telemetry
import TestSupport
import WebAPI

/// The product's own parts around a simulated month: client, handlers, store and webhook route.
///
/// Jobs are run in batches and committed together, as workers do; those that are to be repeated
/// stay in the outbox and come again.
final class ArchiveStage: Sendable {
    let month: SimulatedMonth
    let store: CallStore
    private let folder: ScratchFolder
    private let handlers: [String: any StageHandler]
    private let outbox: CallStore
    private let ambient: Ambient
    private let logger = Logger(label: "month") { _ in SwiftLogNoOpLogHandler() }
    private let state = Mutex(State())

    private struct State {
        var attempts: [JobID: Int] = [:]
        var dead: [String] = []
        var retried = 0
        var names: (campaigns: [CampaignID: String], recipients: [RecipientID: String]) = ([:], [:])
    }

    /// Jobs that run at once and share a transaction.
    private static let batch = 100

    /// A job that is to be repeated more often has met more than the simulator does.
    private static let attemptsMax = 60

    init(_ month: SimulatedMonth) async throws {
        self.month = month
        ambient = month.ambient
        folder = try ScratchFolder()
        let key = try PhoneKey(id: "test", secret: Data(repeating: 7, count: 32))
        let path = "\(folder.path)/store.sqlite"
        store = try await CallStore.open(path: path, ambient: ambient, phoneKey: key)
        // Looks at the outbox from a year on, so that whatever waits is due.
        outbox = try await CallStore.open(
            path: path,
            ambient: month.wall.ambient(seed: 3, ahead: 366 * 86_400),
            phoneKey: key
        )
        let client = ElevenLabsClient(
            transport: month.transport,
            baseURL: "http://simulator.test",
            key: APIKey(SimulatedMonth.key),
            budget: EndlessBudget(),
            ambient: ambient,
            logger: logger
        )
        let rules = try RulesFile.load(
            URL(fileURLWithPath: "\(Executables.checkout)/rules/default.yaml")
        )
        let store = store
        handlers = [
            JobKind.sync.rawValue: SyncHandler(
                source: client,
                store: store,
                reader: CallReader(normalizer: NumberNormalizer(), region: Region("US"))
            ),
            JobKind.attribution.rawValue: AttributionHandler(
                store: store,
                rules: AttributionRules(timeZone: .gmt)
            ),
            JobKind.conversion.rawValue: ConversionHandler(
                store: store,
                library: RuleLibrary(store: store) { rules }
            ),
        ]
    }

    func close() throws {
        try outbox.close()
        try store.close()
    }

    var path: String { "\(folder.path)/store.sqlite" }
    var dead: [String] { state.withLock { $0.dead } }
    var retried: Int { state.withLock { $0.retried } }

    // MARK: Recipients

    func addRecipients() async throws {
        let normalizer = NumberNormalizer()
        let rows = month.recipients()
        for start in stride(from: 0, to: rows.count, by: 1_000) {
            let part = rows[start..<min(rows.count, start + 1_000)]
            let names = try await store.write { writer throws in
                try Self.add(part, normalizer, with: writer)
            }
            state.withLock { state in
                state.names.campaigns.merge(names.campaigns) { $1 }
                state.names.recipients.merge(names.recipients) { $1 }
            }
        }
    }

    private struct Names: Sendable {
        var campaigns: [CampaignID: String] = [:]
        var recipients: [RecipientID: String] = [:]
    }

    private static func add(
        _ rows: ArraySlice<MonthRecipient>,
        _ normalizer: NumberNormalizer,
        with writer: StoreWriter
    ) throws -> Names {
        var names = Names()
        for row in rows {
            let campaign: CampaignID
            if let known = try writer.campaign(named: row.campaign) {
                campaign = known.id
            } else {
                let channel = CampaignChannel(rawValue: row.channel) ?? .mail
                campaign = try writer.add(NewCampaign(name: row.campaign, channel: channel))
            }
            let read = normalizer.read(row.phone, region: Region("US"))
            let phone = PartyNumber(read, normaliserVersion: normalizer.version)
            // An import rejects it: it must not take the place of what an earlier row said.
            guard phone.e164 != nil else { continue }
            let recipient = try writer.add(
                NewRecipient(
                    campaign: campaign,
                    reference: row.reference,
                    name: row.name,
                    phone: phone
                )
            )
            names.campaigns[campaign] = row.campaign
            names.recipients[recipient] = row.reference
            try writer.add(Touch(kind: .sent, atUnix: Int64(row.sentUnix)), of: recipient)
            if let delivered = row.deliveredUnix {
                let touch = Touch(
                    kind: .delivered,
                    atUnix: Int64(delivered),
                    sentUnix: Int64(row.sentUnix)
                )
                try writer.add(touch, of: recipient)
            }
        }
        return names
    }

    // MARK: Webhooks

    /// Runs a body with a way to post to the webhook route of a server on the store.
    func serve(
        _ body: @escaping @Sendable (_ post: Poster) async throws -> Void
    ) async throws {
        let live = Ambient.live(seed: 4)
        let wall = month.wall
        // The route reads bodies against a real clock.
        let ambient = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(wall.unix)) },
            newID: live.newID,
            chance: live.chance
        )
        let registry = MetricsRegistry()
        let queues = JobKind.allCases.map { InMemoryQueue(name: $0.queue, ambient: ambient) }
        let server = WebServer(
            WebParts(
                ambient: ambient,
                logger: logger,
                store: store,
                relay: OutboxRelay(store: store, queues: queues, ambient: ambient, logger: logger),
                verifier: WebhookVerifier(secrets: [WebhookSecret(SimulatedMonth.secret)]),
                queues: queues,
                budget: EndlessBudget(),
                access: .loopback,
                metrics: registry,
                families: { registry.families() }
            )
        )
        let application = Application(router: server.router(), logger: logger)
        try await application.test(.router) { client in try await body(Poster(client: client)) }
    }

    /// Posts webhooks to the server's route.
    struct Poster {
        fileprivate let client: any TestClientProtocol

        /// Posts one; the status of the answer.
        func post(_ body: String, signature: String) async throws -> Int {
            var headers = HTTPFields()
            if let name = HTTPField.Name("elevenlabs-signature") { headers[name] = signature }
            return try await client.execute(
                uri: "/api/webhooks/elevenlabs",
                method: .post,
                headers: headers,
                body: ByteBuffer(string: body)
            ) { Int($0.status.code) }
        }
    }

    // MARK: Jobs

    func enqueue(_ arguments: SyncArguments) async throws {
        _ = try await store.write { writer throws in try writer.addToOutbox(OutboxJob(arguments)) }
    }

    /// Runs what waits, and what follows from it, until nothing is left.
    func work() async throws {
        while true {
            let waiting = try await outbox.dueOutbox(limit: Self.batch)
            guard !waiting.isEmpty else { return }
            try await run(waiting)
        }
    }

    private func run(_ entries: [OutboxEntry]) async throws {
        var finished: [LedgerJob] = []
        var ended: [LedgerEntry] = []
        for (entry, outcome) in try await outcomes(of: entries) {
            let ledger = LedgerEntry(
                id: entry.id,
                kind: entry.job.kind,
                worker: try WorkerID("month"),
                fence: 1,
                attempt: 1
            )
            switch outcome {
            case .done(let change): finished.append(LedgerJob(entry: ledger, change: change))
            case .discard: ended.append(ledger)
            case .dead(let reason):
                ended.append(ledger)
                state.withLock { $0.dead.append(reason) }
            case .retry(let reason, _): try again(entry.id, reason)
            case .snooze(_, let reason), .rest(_, let reason): try again(entry.id, reason)
            case .unknown(let reason): throw StageError.job(reason)
            }
        }
        let receipt = try await store.commit(finished)
        for case .rejected(let reason) in receipt.verdicts { throw StageError.job(reason) }
        try await store.end(ended)
    }

    /// Runs jobs beside each other; what they bring is in the order of the entries, so that of two
    /// webhooks about one call the earlier is committed first.
    private func outcomes(
        of entries: [OutboxEntry]
    ) async throws -> [(OutboxEntry, HandlerResult<StoreChange>)] {
        try await withThrowingTaskGroup(
            of: (Int, HandlerResult<StoreChange>).self
        ) { group in
            for (place, entry) in entries.enumerated() {
                guard let handler = handlers[entry.job.kind] else {
                    throw StageError.job("nobody runs \(entry.job.kind)")
                }
                let job = Job(
                    id: entry.id,
                    kind: entry.job.kind,
                    lane: entry.job.lane,
                    attempt: 1,
                    crashes: 0,
                    createdMilliseconds: 0,
                    readyMilliseconds: 0,
                    payload: entry.job.payload,
                    unique: nil,
                    uniqueHorizon: .seconds(3600),
                    trace: nil
                )
                let context = JobContext(ambient: ambient, logger: logger, fence: 1)
                group.addTask { (place, try await handler.outcome(of: job, in: context)) }
            }
            let results = try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            return entries.enumerated().compactMap { place, entry in
                results[place].map { (entry, $0) }
            }
        }
    }

    private func again(_ id: JobID, _ reason: String) throws {
        let attempts = state.withLock { state in
            state.retried += 1
            state.attempts[id, default: 0] += 1
            return state.attempts[id] ?? 0
        }
        guard attempts <= Self.attemptsMax else { throw StageError.job("\(id) again: \(reason)") }
    }

    // MARK: What the store has

    /// Every call, by its conversation.
    func calls() async throws -> [String: MonthCall] {
        let names = state.withLock { $0.names }
        var calls: [String: MonthCall] = [:]
        var cursor: CallCursor?
        repeat {
            let page = try await store.calls(CallFilter(), after: cursor, limit: 500)
            for summary in page.calls {
                guard let call = try await store.call(summary.id) else { continue }
                let id = call.record.identity.conversationID
                guard calls.updateValue(Self.facts(call, names), forKey: id) == nil else {
                    throw StageError.job("\(id) is there twice")
                }
            }
            cursor = page.next
        } while cursor != nil
        return calls
    }

    private static func facts(
        _ call: Call,
        _ names: (campaigns: [CampaignID: String], recipients: [RecipientID: String])
    ) -> MonthCall {
        let record = call.record
        let decision = call.attribution?.decision
        return MonthCall(
            status: record.status.word,
            startedUnix: Int(record.startedUnix ?? 0),
            acceptedUnix: record.acceptedUnix.map { Int($0) },
            durationSeconds: record.durationSeconds ?? -1,
            caller: record.caller?.e164?.text,
            agentNumber: record.agentNumber?.e164?.text,
            direction: record.direction?.rawValue,
            verdict: record.callSuccessful ?? "unknown",
            rating: record.rating.map { Int($0) },
            turns: call.transcript.count,
            turnsDigest: TurnsDigest.text(
                call.transcript.map { turn in
                    (turn.speaker == .caller ? "user" : "agent", turn.secondsIn, turn.message)
                }
            ),
            campaign: decision?.campaign.flatMap { names.campaigns[$0] },
            recipient: decision?.recipient.flatMap { names.recipients[$0] },
            isConversion: call.conversion?.outcome == .yes
        )
    }
}

/// A handler of the product, whatever its kind.
protocol StageHandler: Sendable {
    func outcome(
        of job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange>
}

extension SyncHandler: StageHandler {
    func outcome(of job: Job, in context: JobContext) async throws -> HandlerResult<StoreChange> {
        try await run(job, in: context)
    }
}

extension AttributionHandler: StageHandler {
    func outcome(of job: Job, in context: JobContext) async throws -> HandlerResult<StoreChange> {
        try await run(job, in: context)
    }
}

extension ConversionHandler: StageHandler {
    func outcome(of job: Job, in context: JobContext) async throws -> HandlerResult<StoreChange> {
        try await run(job, in: context)
    }
}

enum StageError: Error {
    case job(String)
}

/// A budget that always has a permit.
private struct EndlessBudget: UpstreamBudget {
    func acquire() async throws(QueueError) -> BudgetAnswer {
        .granted(BudgetPermit(id: "permit"))
    }

    func release(_: BudgetPermit, _: BudgetFeedback) async throws(QueueError) -> Duration? { nil }

    func state() async throws(QueueError) -> BudgetState {
        BudgetState(
            parallel: 6,
            ceiling: 6,
            inFlight: 0,
            quietUntilMilliseconds: nil,
            circuit: .closed,
            openings: 0,
            rate: nil
        )
    }
}
