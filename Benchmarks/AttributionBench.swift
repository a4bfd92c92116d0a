import Attribution
import CallJobs
import CallStore
import Console
import Foundation
import GRDB
import JobQueue
import JobWorker

/// Crediting calls by number through jobs, against one SQL join that writes the same rows.
///
/// As many recipients as calls, each with a delivery; nine of ten calls have a recipient. Both
/// write the credit and its line of history, with `synchronous = full`.
struct AttributionBench {
    /// The bound that product and issue set for the process, in megabytes.
    private static let memoryMegabytesMax = 300.0

    private static let campaigns = 20
    private static let insertBatch = 50_000

    let stage: BenchStage
    let calls: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var seconds: [(ours: Double, limit: Double)] = []
        var memory: [(ours: Double, limit: Double)] = []
        _ = try await stage.inFolder { file in
            let store = try await CallStore.open(path: file, ambient: stage.ambient)
            try await fill(file)
            for run in 0...runs {
                try await empty(file)
                let ours = try await ourSeconds(store, run)
                if run == 0 { memory = [(Self.peakMegabytes, Self.memoryMegabytesMax)] }
                let credited = try await store.counts().attributed
                try await empty(file)
                let limit = try await joinSeconds(file)
                guard try await store.counts().attributed == credited, credited > 0 else {
                    throw RawRedis.Failure(reason: "the join credits other calls than the rules")
                }
                // The first run warms both up.
                if run > 0 { seconds.append((ours, limit)) }
            }
            try store.close()
            return 0
        }
        return [
            BenchRow("attribution", unit: "s", aim: .atMost(1.5), runs: seconds),
            BenchRow("attribution-memory", unit: "MB", aim: .atMost(1), runs: memory),
        ]
    }

    /// The most memory that this process had resident so far.
    private static var peakMegabytes: Double {
        ProcessMemory(process: getpid()).map { Double($0.mostBytes) / 1_000_000 } ?? .nan
    }

    // MARK: Ours

    private func ourSeconds(_ store: CallStore, _ run: Int) async throws -> Double {
        let handler = AttributionHandler(store: store, rules: AttributionRules(timeZone: .gmt))
        let context = JobContext(ambient: stage.ambient, logger: stage.logger, fence: 1)
        return try await stage.seconds {
            var payload: [UInt8]? =
                AttributionArguments(
                    .range(fromUnix: 0, toUnix: Self.start * 2, after: nil)
                ).payload
            var number = 0
            while let arguments = payload {
                number += 1
                let id = try JobID("attribution-\(run)-\(number)")
                let job = Job(
                    id: id,
                    kind: JobKind.attribution.rawValue,
                    lane: .low,
                    attempt: 1,
                    crashes: 0,
                    createdMilliseconds: 0,
                    readyMilliseconds: 0,
                    payload: arguments,
                    unique: nil,
                    uniqueHorizon: .seconds(1),
                    trace: nil
                )
                guard case .done(let change) = try await handler.run(job, in: context) else {
                    throw RawRedis.Failure(reason: "an attribution job did not end well")
                }
                let entry = LedgerEntry(
                    id: id,
                    kind: job.kind,
                    worker: try WorkerID("bench"),
                    fence: 1,
                    attempt: 1
                )
                let receipt = try await store.commit([LedgerJob(entry: entry, change: change)])
                payload = receipt.outbox.first?.job.payload
            }
        }
    }

    // MARK: The limit

    private func joinSeconds(_ file: String) async throws -> Double {
        let database = try Self.open(file)
        let seconds = try await stage.seconds {
            try await database.write { database in
                try database.execute(
                    sql: """
                        insert into attributions (
                            call_id, campaign_id, recipient_id, method, confidence, reason,
                            evidence, rule_version, call_revision, decided_ms, decided_by
                        )
                        select calls.id, recipients.campaign_id, recipients.id,
                            iif(recipients.id is null, 'none', 'exact-number'),
                            iif(recipients.id is null, null, 'strong'),
                            iif(recipients.id is null, 'no-recipient', null),
                            iif(recipients.id is null, '{}', json_object(
                                'daysSinceTouch',
                                (calls.started_unix - touches.at_unix) / 86400,
                                'touch', touches.at_unix, 'windowDays', campaigns.window_days
                            )),
                            'bench', calls.revision, 1, 'rule'
                        from calls
                        join call_parties on call_parties.call_id = calls.id
                        left join recipients on recipients.e164 = call_parties.e164
                        left join campaigns on campaigns.id = recipients.campaign_id
                        left join touches on touches.recipient_id = recipients.id
                            and touches.at_unix <= calls.started_unix
                            and calls.started_unix - touches.at_unix
                                < campaigns.window_days * 86400
                        where true;
                        insert into attribution_history (
                            call_id, at_ms, by_whom, campaign_id, recipient_id, method, evidence
                        )
                        select call_id, 1, 'rule', campaign_id, recipient_id, method, evidence
                        from attributions where campaign_id is not null;
                        """
                )
            }
        }
        try database.close()
        return seconds
    }

    // MARK: The stage

    /// 2026-03-01T12:00:00Z.
    private static let start: Int64 = 1_772_366_400

    private static func open(_ file: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    pragma journal_mode = wal; pragma synchronous = full;
                    pragma cache_size = -16000; pragma temp_store = memory;
                    """
            )
        }
        return try DatabaseQueue(path: file, configuration: configuration)
    }

    private func empty(_ file: String) async throws {
        let database = try Self.open(file)
        try await database.write { database in
            try database.execute(
                sql: """
                    delete from attribution_history; delete from attributions;
                    delete from ledger; delete from outbox;
                    """
            )
        }
        // Neither side is to pay for the other's log.
        try await database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try database.close()
    }

    private func fill(_ file: String) async throws {
        let database = try Self.open(file)
        try await database.write { database in
            for campaign in 1...Self.campaigns {
                try database.execute(
                    sql: """
                        insert into campaigns (
                            id, workspace, name, channel, window_days, status, created_ms
                        ) values (?, 'default', ?, 'mail', 90, 'running', 1)
                        """,
                    arguments: [campaign, "Campaign \(campaign)"]
                )
            }
        }
        for first in stride(from: 0, to: calls, by: Self.insertBatch) {
            let range = first..<min(calls, first + Self.insertBatch)
            try await database.write { try Self.insert(range, $0) }
        }
        try database.close()
    }

    /// Numbers are scattered, so that neither side reads its rows in the order of the other's.
    private static func number(_ index: Int) -> String {
        "+1" + String(2_000_000_000 + index * 2_654_435_761 % 7_999_999_993)
    }

    private static func insert(_ range: Range<Int>, _ database: Database) throws {
        let call = try database.cachedStatement(
            sql: """
                insert into calls (
                    id, workspace, conversation_id, source, status, status_rank, fetched_ms,
                    has_detail, agent_id, started_unix, channel, direction, created_ms, changed_ms
                ) values (?, 'default', ?, 'detail', 'done', 3, 1, 1, 'agent', ?, 'phone',
                    'inbound', 1, 1)
                """
        )
        let party = try database.cachedStatement(
            sql: """
                insert into call_parties (
                    call_id, raw, e164, class, normaliser, caller_key, key_id
                ) values (?, ?, ?, 'e164', 'bench', randomblob(32), 'bench')
                """
        )
        let recipient = try database.cachedStatement(
            sql: """
                insert into recipients (
                    id, campaign_id, reference, raw, e164, class, normaliser, caller_key, key_id,
                    created_ms
                ) values (?, ?, ?, ?, ?, 'e164', 'bench', randomblob(32), 'bench', 1)
                """
        )
        let touch = try database.cachedStatement(
            sql: """
                insert into touches (campaign_id, recipient_id, kind, at_unix, created_ms)
                values (?, ?, 'delivered', ?, 1)
                """
        )
        for index in range {
            let id = index + 1
            let campaign = index % campaigns + 1
            try recipient.execute(arguments: [
                id, campaign, "R\(id)", number(index), number(index),
            ])
            try touch.execute(arguments: [campaign, id, start - Int64(index % 80) * 86_400])
            // Every tenth caller is on no list.
            let caller = index % 10 == 0 ? "+44" + String(7_000_000_000 + index) : number(index)
            try call.execute(arguments: [id, "conv_\(id)", start + Int64(index % 86_400)])
            try party.execute(arguments: [id, caller, caller])
        }
    }
}
