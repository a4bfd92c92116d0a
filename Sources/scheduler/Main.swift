import Ambient
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Logging
import Scheduling
import Settings
import Telemetry

/// Ours, not Foundation's type of the same name.
private typealias Host = Hosting.Host

/// Fires the schedules and sweeps the outbox, until it is asked to end.
///
/// As many of them as one likes may run at once.
@main
enum Main {
    static func main() async {
        await Program.run("scheduler", ambient: .live()) { host in
            // Read before anything is opened: a broken file is the operator's first line.
            let watch = try readSchedules(host)
            let queues = try await host.openQueues()
            try await host.checkServer(of: queues)
            let store = try await host.openStore()
            if try await store.beginReportZone(host.settings.timeZone) {
                host.logger.notice(
                    "Counting calls by days of another zone",
                    metadata: ["zone": "\(host.settings.timeZone.identifier)"]
                )
            }
            let board = ScheduleBoard()
            host.telemetry.metrics.describe(ScheduleMetrics.helps)
            try await host.withHealth {
                await checks(host, queues, store, board)
            } families: {
                board.families
            } _: {
                _ = try await host.shutdown.cancelling {
                    try await run(host, watch, queues, store, board)
                }
            }
            await queues.close()
            try store.close()
            host.logger.notice("Ended in order")
        }
    }

    private static func run(
        _ host: Host,
        _ watch: ScheduleWatch,
        _ queues: OpenQueues,
        _ store: CallStore,
        _ board: ScheduleBoard
    ) async throws {
        let backfills = BackfillDuty(
            store: store,
            queue: queues[.sync],
            budget: queues.upstreamBudget(for: host),
            ambient: host.ambient,
            logger: host.logger
        )
        let scheduler = Scheduler(
            timetable: watch.timetable,
            queues: queues.all,
            duties: [
                Duty(name: "schedules", interval: ScheduleWatch.interval) { watch.look() },
                Duty(name: "backfills", interval: Feeder.interval) { try await backfills.work() },
                Duty(name: "figures", interval: .seconds(2)) { try await countAnew(host, store) },
            ],
            ambient: host.ambient,
            logger: host.logger,
            board: board
        )
        let relay = OutboxRelay(
            store: store,
            queues: queues.all,
            ambient: host.ambient,
            logger: host.logger
        )
        let sweep = OutboxSweep(relay: relay, ambient: host.ambient, logger: host.logger)
        host.logger.notice(
            "Working",
            metadata: [
                "schedules": "\(watch.timetable.schedules.count)",
                "version": "\(Release.version)",
            ]
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await scheduler.run() }
            group.addTask { try await sweep.run() }
            try await group.waitForAll()
        }
    }

    /// Counts calls anew as far as one run of a duty goes, each batch in a transaction of its own.
    private static func countAnew(_ host: Host, _ store: CallStore) async throws {
        for _ in 0..<rebuildBatchesMax {
            guard try await store.continueRebuild() != nil else { return }
        }
    }

    /// A million calls take a minute or two.
    private static let rebuildBatchesMax = 100

    // MARK: - Schedules

    private static func readSchedules(_ host: Host) throws(StartFailure) -> ScheduleWatch {
        do {
            return try ScheduleWatch(
                folder: URL(fileURLWithPath: host.settings.schedulesFolder),
                rules: ScheduleRules(
                    defaultTimeZone: host.settings.timeZone,
                    kinds: Set(JobKind.allCases.map(\.rawValue)),
                    argumentProblem: { kind, payload in
                        JobKind(rawValue: kind)?.problem(inArguments: payload)
                    }
                ),
                logger: host.logger
            )
        } catch let error as ScheduleFileError {
            throw StartFailure(.wrongUse, error.description)
        } catch {
            throw StartFailure(.wrongUse, "schedules: \(error)")
        }
    }

    // MARK: - Health

    private static func checks(
        _ host: Host,
        _ queues: OpenQueues,
        _ store: CallStore,
        _ board: ScheduleBoard
    ) async -> [HealthReport.Check] {
        let waiting = board.statuses.filter(\.isWaitingForQueue).map(\.name.text)
        return [
            await host.redisCheck(queues),
            await host.storeCheck(store),
            HealthReport.Check(
                name: "schedules",
                isHealthy: waiting.isEmpty,
                detail: "waiting for the queue: \(waiting.joined(separator: ", "))"
            ),
        ]
    }
}
