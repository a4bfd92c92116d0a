package import Ambient
import Foundation
package import JobQueue
package import Logging
import Metrics
import Traces

/// Why a scheduler cannot be made.
package enum SchedulerError: Error, Equatable, Sendable {
    /// Two schedules of one name.
    case duplicate(ScheduleName)
}

/// Fires every schedule at its instants, until its task is cancelled.
///
/// As many of them as one likes may run: the queue takes each instant once. What was fired last
/// stands in the queue alone, so that a restart goes on where the last one stopped; a schedule
/// that the queue does not know begins now, never in the past.
package struct Scheduler: Sendable {
    /// The numbers of the loop, each with its reason.
    package struct Limits: Sendable {
        /// An instant that is at most this old counts as on time for `CatchUp.skip`: a restart
        /// takes less.
        package var lateness = Duration.seconds(60)

        /// Longest sleep, so that a wall clock that was set is noticed.
        package var lookAgain = Duration.seconds(15)

        /// Shortest and longest wait after a call that did not reach the queue, before jitter.
        package var backoffBase = Duration.milliseconds(500)
        package var backoffCap = Duration.seconds(15)

        /// Longest wait of a schedule after a tick because its queue asked to slow down; the others
        /// go on.
        package var slowDownMax = Duration.seconds(5)

        package init() {}
    }

    private let timetable: Timetable
    private let queues: [String: any WorkQueue]
    private let duties: [Duty]
    private let ambient: Ambient
    private let logger: Logger
    private let limits: Limits
    private let board: ScheduleBoard

    /// A scheduler of checked schedules.
    ///
    /// - Parameters:
    ///   - timetable: What comes when; what it is replaced with is taken up at once.
    ///   - queues: The queues of all job kinds.
    ///   - duties: What else runs beside them.
    ///   - ambient: Its wall clock decides when an instant has come.
    ///   - logger: Hears of outages, once at their beginning and once at their end.
    ///   - board: Where the state is shown.
    ///   - limits: The loop's numbers.
    package init(
        timetable: Timetable,
        queues: [any WorkQueue],
        duties: [Duty] = [],
        ambient: Ambient,
        logger: Logger,
        board: ScheduleBoard = ScheduleBoard(),
        limits: Limits = Limits()
    ) {
        self.timetable = timetable
        self.queues = Dictionary(queues.map { ($0.name.text, $0) }) { first, _ in first }
        self.duties = duties
        self.ambient = ambient
        self.logger = logger
        self.limits = limits
        self.board = board
    }

    /// Fires until the task is cancelled; no failure of a queue or a duty ends it.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for duty in duties {
                group.addTask { await duty.run(ambient: ambient, logger: logger) }
            }
            await fireAll()
            group.cancelAll()
        }
    }

    /// Fires the timetable's schedules, begun anew whenever it is replaced.
    private func fireAll() async {
        var histories: [ScheduleName: History] = [:]
        while !Task.isCancelled {
            let (version, schedules) = timetable.current
            let now = nowMilliseconds.floored(by: 1000)
            var lines: [Line] = []
            var present: [ScheduleName: History] = [:]
            for schedule in schedules.sorted(by: { $0.name < $1.name }) {
                var history = histories[schedule.name] ?? History(of: schedule, firstSeen: now)
                history.note(schedule, now: now)
                present[schedule.name] = history
                lines.append(Line(schedule: schedule, history: history))
            }
            histories = present
            board.keep(only: Set(present.keys))
            await withTaskGroup(of: Void.self) { group in
                for (kind, own) in Dictionary(grouping: lines, by: \.schedule.kind) {
                    group.addTask { await fire(own, ofKind: kind) }
                }
                group.addTask { await timetable.changed(from: version) }
                // Only the change or the cancellation ends one of them.
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// Since when a schedule is as it is, as far as this scheduler has seen it.
    private struct History {
        /// When this scheduler saw it first, in Unix seconds: where a new one begins.
        let firstSeen: Int64

        /// When its times were changed last, in Unix seconds: instants from before were never
        /// planned; nil when they were not.
        private(set) var retimed: Int64?

        private var cadence: Cadence
        private var timeZone: TimeZone

        init(of schedule: Schedule, firstSeen: Int64) {
            self.firstSeen = firstSeen
            cadence = schedule.cadence
            timeZone = schedule.timeZone
        }

        mutating func note(_ schedule: Schedule, now: Int64) {
            guard schedule.cadence != cadence || schedule.timeZone != timeZone else { return }
            retimed = now
            cadence = schedule.cadence
            timeZone = schedule.timeZone
        }
    }

    /// What the loop knows of one schedule.
    private struct Line {
        var schedule: Schedule
        let history: History

        /// Everything up to here, in Unix seconds, is fired or let go; nil until the queue said.
        var handled: Int64?

        /// The newest instant that was fired, in Unix seconds.
        var last: Int64?

        /// What is still to be fired of a plan that its queue slowed down.
        var plan: Plan?

        /// When the queue wants its next tick, as `Ambient.elapsed` counts.
        var notBefore: Duration = .zero

        init(schedule: Schedule, history: History) {
            self.schedule = schedule
            self.history = history
        }
    }

    /// Instants that are due together.
    private struct Plan {
        /// Unix seconds, oldest first.
        var instants: ArraySlice<Int64>

        /// When it was made, in Unix seconds: nothing up to here is left when they are fired.
        let now: Int64
    }

    /// One queue's schedules, one after the other, with one backoff for all of them.
    private func fire(_ lines: [Line], ofKind kind: String) async {
        guard let queue = queues[kind] else {
            logger.error(
                "schedules do not fire: their job has no queue here",
                metadata: ["job": "\(kind)"]
            )
            await untilCancelled()
            return
        }
        var lines = lines
        var failures = 0
        while !Task.isCancelled {
            var wait = limits.lookAgain
            // Those that wait when this round fails.
            var waiting = Set(lines.indices)
            do throws(QueueError) {
                // Whether it is back must be asked: there may be nothing left to fire.
                if failures > 0, let first = lines.first {
                    _ = try await queue.lastTick(ofSchedule: first.schedule.name.text)
                }
                var refusal: QueueError?
                var refused: Set<Int> = []
                for index in lines.indices {
                    do throws(QueueError) {
                        let next = try await step(&lines[index], queue)
                        wait = min(wait, next)
                    } catch {
                        // A full queue refuses some lanes: schedules of the others go on.
                        guard case .overloaded = error else { throw error }
                        refusal = error
                        refused.insert(index)
                    }
                }
                if let refusal {
                    waiting = refused
                    throw refusal
                }
                if failures > 0 {
                    logger.notice("queue is back", metadata: ["queue": "\(queue.name)"])
                }
                failures = 0
            } catch {
                guard error != .cancelled || !Task.isCancelled else { return }
                failures += 1
                let pause = backoff(failures)
                wait = waiting.count == lines.count ? pause : min(wait, pause)
                noteFailure(error, failures: failures, queue: queue)
                for index in waiting {
                    // What is due after an outage is planned anew.
                    lines[index].plan = nil
                    show(lines[index], isWaiting: true)
                }
            }
            do {
                try await ambient.sleep(for: max(wait, .milliseconds(1)))
            } catch {
                return
            }
        }
    }

    /// Fires what is due and tells how long nothing more is.
    ///
    /// A tick that its queue slows down is the last one for now: the other schedules of the queue
    /// do not wait with this one, or their instants would come too late.
    private func step(
        _ line: inout Line,
        _ queue: any WorkQueue
    ) async throws(QueueError) -> Duration {
        let pause = line.notBefore - ambient.elapsed()
        guard pause <= .zero else { return pause }
        let nowMilliseconds = self.nowMilliseconds
        let now = nowMilliseconds.floored(by: 1000)
        try await learn(&line, now: now, queue)
        var plan: Plan
        if let slowed = line.plan {
            plan = slowed
        } else {
            guard let next = line.schedule.occurrences.next(after: line.handled ?? now) else {
                return limits.lookAgain
            }
            guard next <= now else {
                show(line, isWaiting: false)
                return .milliseconds(next * 1000 - nowMilliseconds)
            }
            plan = makePlan(line, now: now)
        }
        while let instant = plan.instants.popFirst() {
            let wish = try await fire(instant, of: line.schedule, into: queue)
            line.handled = instant
            line.last = instant
            guard let slowDown = wish else { continue }
            line.notBefore = ambient.elapsed() + slowDown
            guard !plan.instants.isEmpty else { break }
            line.plan = plan
            show(line, isWaiting: false)
            return slowDown
        }
        line.plan = nil
        line.handled = plan.now
        return .zero
    }

    /// Asks the queue once where a schedule stands.
    private func learn(
        _ line: inout Line,
        now: Int64,
        _ queue: any WorkQueue
    ) async throws(QueueError) {
        guard line.handled == nil else { return }
        let last = try await queue.lastTick(ofSchedule: line.schedule.name.text)
        line.last = last.map { $0.floored(by: 1000) }
        line.handled = max(
            line.last ?? line.history.firstSeen,
            line.history.retimed ?? .min
        )
        warnOfFuture(line, now: now)
    }

    /// What is to be fired now; says so when that makes up for a stop.
    private func makePlan(_ line: Line, now: Int64) -> Plan {
        let schedule = line.schedule
        let handled = line.handled ?? now
        let catchUp = schedule.catchUp(after: handled, now: now, lateness: limits.lateness)
        if let catchUp {
            logger.notice(
                "schedule was not fired for a while and catches up",
                metadata: [
                    "schedule": "\(schedule.name)", "missed": "\(catchUp.missed)",
                    "fires": "\(catchUp.fires)",
                    "since": "\(Date(timeIntervalSince1970: Double(handled)).formatted(.iso8601))",
                ]
            )
        }
        let due = schedule.due(after: handled, now: now, lateness: limits.lateness)
        return Plan(instants: due[...], now: now)
    }

    /// Fires one instant; returns how long to wait before the next, if the queue asked for it.
    private func fire(
        _ instant: Int64,
        of schedule: Schedule,
        into queue: any WorkQueue
    ) async throws(QueueError) -> Duration? {
        let age = nowMilliseconds - instant * 1000
        let trace = TraceContext.root(from: ambient)
        let tick = schedule.tick(
            at: instant,
            draw: ambient.chance(),
            trace: trace,
            isLate: .milliseconds(age) > limits.lateness
        )
        let metadata = TraceScope(trace).metadata.merging([
            "schedule": "\(schedule.name)", "job": "\(tick.job.id)", "queue": "\(queue.name)",
        ]) { $1 }
        let outcome: String
        var pause: Duration?
        do {
            switch try await queue.fire(tick) {
            case .fired:
                outcome = "fired"
                logger.debug("tick fired", metadata: metadata)
            case .firedUnderPressure(let slowDown):
                outcome = "fired"
                pause = min(slowDown, limits.slowDownMax)
                logger.debug("tick fired into a full queue", metadata: metadata)
            case .alreadyFired:
                outcome = "already-fired"
                logger.debug("tick had fired", metadata: metadata)
            case .held(let holder):
                outcome = "held"
                logger.info(
                    "tick held back by the job of an earlier one",
                    metadata: metadata.merging(["holder": "\(holder)"]) { $1 }
                )
            case .paused(let person):
                outcome = "skipped"
                logger.info(
                    "tick skipped, its schedule is paused",
                    metadata: metadata.merging(["person": "\(person)"]) { $1 }
                )
            }
        } catch .payloadTooLarge(_, let bytes, let limit) {
            // No later try could push it; the other schedules must go on.
            outcome = "refused"
            logger.error(
                "tick dropped, its arguments are too large",
                metadata: metadata.merging(["bytes": "\(bytes)", "limit": "\(limit)"]) { $1 }
            )
        }
        Counter(
            label: "ringback_schedule_ticks_total",
            dimensions: [("schedule", schedule.name.text), ("outcome", outcome)]
        ).increment()
        return pause
    }

    private func warnOfFuture(_ line: Line, now: Int64) {
        guard let last = line.last, last > now + Int64(limits.lateness.components.seconds) else {
            return
        }
        logger.warning(
            "schedule fired last in the future; it waits until then, or the clock is wrong",
            metadata: [
                "schedule": "\(line.schedule.name)",
                "last": "\(Date(timeIntervalSince1970: Double(last)).formatted(.iso8601))",
            ]
        )
    }

    private func noteFailure(_ error: QueueError, failures: Int, queue: any WorkQueue) {
        guard failures == 1 else { return }
        logger.error(
            "queue cannot take ticks; they are tried again until it can",
            metadata: ["queue": "\(queue.name)", "error": "\(error)"]
        )
    }

    private func backoff(_ failures: Int) -> Duration {
        // 20 doublings exceed the cap; more would overflow in the end.
        let full = min(limits.backoffCap, limits.backoffBase * (1 << min(failures - 1, 20)))
        return full * (0.5 + ambient.chance() / 2)
    }

    private func show(_ line: Line, isWaiting: Bool) {
        let next = line.handled.flatMap { line.schedule.occurrences.next(after: $0) }
        board.show(
            ScheduleStatus(
                name: line.schedule.name,
                next: next.map { Date(timeIntervalSince1970: Double($0)) },
                last: line.last.map { Date(timeIntervalSince1970: Double($0)) },
                isWaitingForQueue: isWaiting
            )
        )
    }

    private func untilCancelled() async {
        do {
            while true { try await ambient.sleep(for: .seconds(3600)) }
        } catch {
            // Cancelled, as everything here ends.
        }
    }

    private var nowMilliseconds: Int64 {
        Int64((ambient.now().timeIntervalSince1970 * 1000).rounded(.down))
    }
}
