import Ambient
import CallJobs
package import CallStore
import Foundation
package import Hosting
import JobQueue
import RedisQueue
package import Scheduling
package import Settings

/// Reads the state of the stack; bounded, and without a scan of anything.
package struct StatusProbe: Sendable {
    private let queues: OpenQueues
    private let store: CallStore
    private let schedules: [Schedule]
    private let host: Hosting.Host
    private let objective: Duration

    /// A probe of opened things.
    ///
    /// - Throws: `StartFailure` when the schedules cannot be read.
    package init(
        queues: OpenQueues,
        store: CallStore,
        host: Hosting.Host,
        objective: Duration = WorkersNeeded.objective
    ) throws(StartFailure) {
        self.queues = queues
        self.objective = objective
        self.store = store
        self.host = host
        self.schedules = try ScheduleBook.load(host.settings)
    }

    package func report() async throws -> StatusReport {
        let redis = try await RedisServerFacts.read(from: queues.redis)
        let recent = try await store.recentRuns()
        var states: [StatusReport.Queue] = []
        for queue in queues.all {
            let figures = try await queue.figures()
            states.append(
                StatusReport.Queue(
                    name: queue.name.text,
                    figures: figures,
                    workersNeeded: WorkersNeeded.count(
                        figures,
                        recent: recent[queue.name.text],
                        objective: objective
                    )
                )
            )
        }
        let now = host.ambient.now()
        var ticks: [StatusReport.ScheduleState] = []
        for schedule in schedules {
            ticks.append(try await ScheduleBook.state(of: schedule, queues: queues, now: now))
        }
        return StatusReport(
            time: now,
            redis: redis,
            queues: states,
            schedules: ticks,
            calls: try await store.counts(),
            archive: try await store.archiveState()
        )
    }
}

/// The schedules of the settings' folder.
package enum ScheduleBook {
    /// Reads and checks all of them.
    ///
    /// - Throws: `StartFailure` that names file, line and field of everything that is wrong.
    package static func load(_ settings: Settings) throws(StartFailure) -> [Schedule] {
        try load(folder: settings.schedulesFolder, settings: settings)
    }

    /// Reads and checks those of a folder, or of one file.
    package static func load(
        folder: String,
        settings: Settings
    ) throws(StartFailure) -> [Schedule] {
        let rules = ScheduleRules(
            defaultTimeZone: settings.timeZone,
            kinds: Set(JobKind.allCases.map(\.rawValue)),
            argumentProblem: JobArgumentCheck.problem
        )
        do {
            return try ScheduleFile.load(folder: URL(fileURLWithPath: folder), rules: rules)
        } catch {
            throw StartFailure(.failed, error.description)
        }
    }

    /// When a schedule fires next, when it fired last, and what keeps it.
    static func state(
        of schedule: Schedule,
        queues: OpenQueues,
        now: Date
    ) async throws -> StatusReport.ScheduleState {
        var last: Date?
        var pause: PauseState?
        var catchUp: CatchUpPlan?
        if let kind = JobKind(rawValue: schedule.kind) {
            let instant = try await queues[kind].lastTick(ofSchedule: schedule.name.text)
            last = instant.map { Date(timeIntervalSince1970: Double($0) / 1000) }
            pause = try await queues[kind].schedulePause(schedule.name.text)
            catchUp = instant.flatMap { instant in
                schedule.catchUp(
                    after: instant / 1000,
                    now: Int64(now.timeIntervalSince1970),
                    lateness: Scheduler.Limits().lateness
                )
            }
        }
        return StatusReport.ScheduleState(
            name: schedule.name.text,
            next: schedule.firings(after: now, count: 1).first,
            last: last,
            pause: pause,
            catchUp: catchUp
        )
    }
}

/// Whether arguments are those of a job kind.
package enum JobArgumentCheck {
    /// What is wrong with a payload; nil when nothing is.
    @Sendable
    package static func problem(kind: String, payload: [UInt8]) -> String? {
        guard let kind = JobKind(rawValue: kind) else { return "there is no job kind \(kind)" }
        do throws(ArgumentsError) {
            switch kind {
            case .sync: _ = try SyncArguments(payload: payload)
            case .attribution: _ = try AttributionArguments(payload: payload)
            case .conversion: _ = try ConversionArguments(payload: payload)
            case .export: _ = try ExportArguments(payload: payload)
            case .upkeep: _ = try UpkeepArguments(payload: payload)
            }
            return nil
        } catch {
            return error.line
        }
    }
}
