import Ambient
import Foundation
import JobQueue
import Logging
import Scheduling
import Synchronization
import TestSupport
import Testing

@Suite("Scheduler")
struct SchedulerTests {
    /// A queue and schedulers in virtual time, which begins at 2026-01-01T00:00:00Z.
    private struct Stage: Sendable {
        let simulation: Simulation
        let ambient: Ambient
        let queue: InMemoryQueue

        init(seed: UInt64) throws {
            simulation = Simulation(seed: seed)
            ambient = simulation.ambient()
            queue = InMemoryQueue(name: try QueueName("sync"), ambient: ambient)
        }

        func scheduler(_ timetable: Timetable, board: ScheduleBoard = ScheduleBoard()) -> Scheduler
        {
            Scheduler(
                timetable: timetable,
                queues: [queue],
                ambient: ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                board: board
            )
        }

        /// Runs a scheduler for a time.
        func run(_ timetable: Timetable, for time: Duration) async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await scheduler(timetable).run() }
                group.addTask { await sleep(time) }
                await group.next()
                group.cancelAll()
            }
        }

        func sleep(_ time: Duration) async {
            do {
                try await ambient.sleep(for: time)
            } catch {
                // Cancelled: whoever waits for this goes on at once.
            }
        }

        /// The ticks that were fired, by the ids of their jobs, in the order of the ids.
        var fired: [String] {
            let model = queue.snapshot
            let waiting = model.ready.values.joined().compactMap { item -> String? in
                guard case .job(let job) = item else { return nil }
                return job.id.text
            }
            return (waiting + model.parked.keys.map(\.text)).sorted()
        }
    }

    private static func schedule(
        _ name: String,
        _ cron: String,
        lane: Lane = .std,
        catchUp: CatchUp = .latest,
        overlap: Overlap = .allow,
        jitter: Duration = .zero
    ) throws -> Schedule {
        Schedule(
            name: try #require(ScheduleName(name)),
            cadence: try Cadence(parsing: cron),
            timeZone: .gmt,
            kind: "sync",
            lane: lane,
            payload: Array("{}".utf8),
            catchUp: catchUp,
            overlap: overlap,
            jitter: jitter
        )
    }

    @Test("fires each instant, under the id schedule@instant, and none at the start")
    func fires() throws {
        let stage = try Stage(seed: 1)
        let timetable = try Timetable([try Self.schedule("poll", "*/15 * * * *")])
        try stage.simulation.run { await stage.run(timetable, for: .seconds(3599)) }
        #expect(stage.fired == ["15", "30", "45"].map { "poll@2026-01-01T00:\($0):00Z" })
    }

    @Test("two schedulers that die and come back fire each tick once", arguments: Seeds.first(60))
    func firesOnce(seed: UInt64) throws {
        let stage = try Stage(seed: seed)
        let policy = CatchUp.all(max: 1000, within: .seconds(3600))
        let timetable = try Timetable([
            try Self.schedule("a", "* * * * *", catchUp: policy),
            try Self.schedule("b", "every 90s", catchUp: policy),
        ])
        let random = SharedRandom(seed: seed)
        // From the first ticks on until the last quarter of an hour, calls fail and replies
        // are lost.
        stage.queue.setFaults { call in
            let now = stage.ambient.elapsed()
            guard now > .seconds(100), now < .seconds(2700) else { return .none }
            switch random.chance() {
            case ..<0.1: return .failBefore(.unavailable(reason: "down"))
            case ..<0.2: return .loseReply(.unavailable(reason: "lost"))
            default: return .none
            }
        }
        try stage.simulation.run {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        await stage.run(timetable, for: .seconds(120))
                        while stage.ambient.elapsed() < .seconds(3600) {
                            await stage.sleep(.milliseconds(random.int(in: 1..<20_000)))
                            let rest = Duration.seconds(3630) - stage.ambient.elapsed()
                            let life = Duration.seconds(60 + random.chance() * 600)
                            await stage.run(timetable, for: min(rest, life))
                        }
                    }
                }
            }
        }
        let start = try instant("2026-01-01T00:00:00Z")
        let expected =
            (1...60).map { "a@" + text(start + $0 * 60) }
            + (1...40).map { "b@" + text(start + $0 * 90) }
        #expect(
            stage.fired == expected.sorted(),
            "\(Seeds.replay(seed, filter: "SchedulerTests"))"
        )
    }

    struct CatchUpRow: Sendable {
        let policy: CatchUp
        let fired: [String]

        init(_ policy: CatchUp, _ fired: [String]) {
            self.policy = policy
            self.fired = fired
        }
    }

    /// The scheduler sees 01:00, is away from 01:30 to 05:10, and sees 06:00.
    static let catchUps = [
        CatchUpRow(.skip, ["01", "06"]),
        CatchUpRow(.latest, ["01", "05", "06"]),
        CatchUpRow(.all(max: 24, within: .seconds(86_400)), ["01", "02", "03", "04", "05", "06"]),
        CatchUpRow(.all(max: 2, within: .seconds(86_400)), ["01", "04", "05", "06"]),
        CatchUpRow(.all(max: 24, within: .seconds(9000)), ["01", "03", "04", "05", "06"]),
    ]

    @Test("a restart catches up as the schedule says", arguments: catchUps)
    func catchesUp(_ row: CatchUpRow) throws {
        let stage = try Stage(seed: 2)
        let timetable = try Timetable([
            try Self.schedule("hourly", "@hourly", catchUp: row.policy)
        ])
        try stage.simulation.run {
            await stage.run(timetable, for: .seconds(90 * 60))
            await stage.sleep(.seconds(220 * 60))
            await stage.run(timetable, for: .seconds(60 * 60))
        }
        #expect(stage.fired == row.fired.map { "hourly@2026-01-01T\($0):00:00Z" })
    }

    @Test("an outage of the queue is survived, and caught up like a restart", arguments: catchUps)
    func survivesOutage(_ row: CatchUpRow) throws {
        let stage = try Stage(seed: 3)
        let timetable = try Timetable([
            try Self.schedule("hourly", "@hourly", catchUp: row.policy)
        ])
        let attempts = Attempts()
        stage.queue.setFaults { call in
            let minute = stage.ambient.elapsed() / .seconds(60)
            guard minute > 90, minute < 310 else { return .none }
            attempts.add()
            return .failBefore(.unavailable(reason: "down"))
        }
        try stage.simulation.run { await stage.run(timetable, for: .seconds(370 * 60)) }
        #expect(stage.fired == row.fired.map { "hourly@2026-01-01T\($0):00:00Z" })
        // From 02:00 to 05:10, backed off to 15 seconds: no storm, and no long sleep.
        #expect((500..<2000).contains(attempts.value))
    }

    @Test("a lane that the queue refuses holds back no schedule of another lane")
    func firesBesideRefused() throws {
        let stage = try Stage(seed: 11)
        let timetable = try Timetable([
            try Self.schedule("a", "* * * * *", lane: .low),
            try Self.schedule("b", "* * * * *"),
        ])
        try stage.simulation.run {
            _ = try await stage.queue.pressure(setting: [.softDepth: 0, .hardDepth: 0])
            await stage.run(timetable, for: .seconds(150))
        }
        #expect(stage.fired == ["1", "2"].map { "b@2026-01-01T00:0\($0):00Z" })
    }

    @Test("a schedule that catches up slowly makes no other one of its queue late")
    func catchesUpBesideOthers() throws {
        let stage = try Stage(seed: 12)
        let policy = CatchUp.all(max: 1000, within: .seconds(86_400))
        let timetable = try Timetable([
            try Self.schedule("a", "* * * * *", catchUp: policy),
            try Self.schedule("b", "* * * * *", catchUp: .skip),
        ])
        try stage.simulation.run {
            await stage.run(timetable, for: .seconds(90))
            await stage.sleep(.seconds(3540))
            // From now on each tick is asked to let five seconds pass before the next.
            _ = try await stage.queue.pressure(setting: [.softDepth: 0, .hardDepth: 0])
            await stage.run(timetable, for: .seconds(400))
        }
        // It is 01:00:30 when they begin again; 59 instants of one take five minutes.
        let start = try instant("2026-01-01T00:00:00Z")
        let onTime: [Int64] = [1] + Array(60...67)
        let expected =
            (1...67).map { "a@" + text(start + $0 * 60) }
            + onTime.map { "b@" + text(start + $0 * 60) }
        #expect(stage.fired == expected)
    }

    @Test("what a slowed schedule had still to fire is planned anew after an outage")
    func plansAnew() throws {
        let stage = try Stage(seed: 13)
        let policy = CatchUp.all(max: 1000, within: .seconds(600))
        let timetable = try Timetable([
            try Self.schedule("a", "* * * * *", catchUp: policy)
        ])
        stage.queue.setFaults { _ in
            let now = stage.ambient.elapsed()
            guard now > .seconds(3638), now < .seconds(7230) else { return .none }
            return .failBefore(.unavailable(reason: "down"))
        }
        try stage.simulation.run {
            await stage.run(timetable, for: .seconds(90))
            await stage.sleep(.seconds(3540))
            _ = try await stage.queue.pressure(setting: [.softDepth: 0, .hardDepth: 0])
            await stage.run(timetable, for: .seconds(3720))
        }
        // At 01:00:30 ten are due; two are fired before the queue is away until 02:00:30.
        let start = try instant("2026-01-01T00:00:00Z")
        let minutes: [Int64] = [1, 51, 52] + Array(111...122)
        #expect(stage.fired == minutes.map { "a@" + text(start + $0 * 60) })
    }

    @Test("a schedule that the queue does not know begins now, not in the past")
    func beginsNow() throws {
        let stage = try Stage(seed: 4)
        let timetable = try Timetable([
            try Self.schedule(
                "hourly",
                "@hourly",
                catchUp: .all(max: 24, within: .seconds(86_400))
            )
        ])
        try stage.simulation.run {
            await stage.sleep(.seconds(5 * 3600 + 600))
            await stage.run(timetable, for: .seconds(3600))
        }
        #expect(stage.fired == ["hourly@2026-01-01T06:00:00Z"])
    }

    @Test("says before what a stop will be made up for", arguments: catchUps)
    func plansCatchUp(_ row: CatchUpRow) throws {
        let schedule = try Self.schedule("hourly", "@hourly", catchUp: row.policy)
        let start = try instant("2026-01-01T01:00:00Z")
        let now = try instant("2026-01-01T05:10:00Z")
        func plan(_ now: Int64) -> CatchUpPlan? {
            schedule.catchUp(after: start, now: now, lateness: .seconds(60))
        }
        // Of what is fired, 01:00 came before the stop and 06:00 comes after it.
        #expect(plan(now) == CatchUpPlan(missed: 4, fires: row.fired.count - 2))
        #expect(plan(start + 3599) == nil)
        #expect(plan(start + 3630) == nil)
    }

    @Test("notes what it catches up, and lets the instants of a paused schedule pass")
    func notesTicks() throws {
        let stage = try Stage(seed: 9)
        let timetable = try Timetable([try Self.schedule("hourly", "@hourly")])
        let notes = try stage.simulation.run {
            await stage.run(timetable, for: .seconds(90 * 60))
            await stage.sleep(.seconds(220 * 60))
            await stage.run(timetable, for: .seconds(60 * 60))
            try await stage.queue.pauseSchedule("hourly", by: "ann", reason: "")
            await stage.run(timetable, for: .seconds(60 * 60))
            _ = try await stage.queue.resumeSchedule("hourly")
            await stage.run(timetable, for: .seconds(60 * 60))
            return try await stage.queue.tickNotes(ofSchedule: "hourly")
        }
        #expect(notes.reversed().map(\.outcome) == [.fired, .caughtUp, .fired, .skipped, .fired])
        #expect(stage.fired == ["01", "05", "06", "08"].map { "hourly@2026-01-01T\($0):00:00Z" })
    }

    @Test("overlap skip holds the next tick back until the job is done")
    func skipsOverlap() throws {
        let stage = try Stage(seed: 5)
        let timetable = try Timetable([try Self.schedule("m", "* * * * *", overlap: .skip)])
        let worker = try WorkerID("w-1")
        try stage.simulation.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await stage.run(timetable, for: .seconds(330)) }
                group.addTask {
                    await stage.sleep(.seconds(190))
                    let fetched = try await stage.queue.turn(
                        TurnRequest(
                            worker: worker,
                            number: 1,
                            settlement: nil,
                            limit: 10,
                            isIdle: true
                        )
                    )
                    let batch = try #require(fetched.batch)
                    #expect(batch.jobs.map(\.id.text) == ["m@2026-01-01T00:01:00Z"])
                    await stage.sleep(.seconds(60))
                    _ = try await stage.queue.turn(
                        TurnRequest(
                            worker: worker,
                            number: 2,
                            settlement: Settlement(
                                batch: batch.reference,
                                slots: [.init(position: 0, id: batch.jobs[0].id, outcome: .done)]
                            ),
                            limit: 0,
                            isIdle: false
                        )
                    )
                }
                try await group.waitForAll()
            }
        }
        // Fired at :01, done between :04 and :05, so :02 to :04 are held back.
        #expect(stage.fired == ["m@2026-01-01T00:05:00Z"])
    }

    @Test("jitter delays the job, not the tick")
    func jitters() throws {
        let stage = try Stage(seed: 6)
        let timetable = try Timetable([
            try Self.schedule("m", "* * * * *", jitter: .seconds(600))
        ])
        try stage.simulation.run { await stage.run(timetable, for: .seconds(305)) }
        let parked = stage.queue.snapshot.parked.values
        #expect(parked.count == 5)
        let epoch = InMemoryQueue.epochMilliseconds
        #expect(parked.allSatisfy { $0.due > epoch && $0.due < epoch + 900_000 })
        #expect(Set(parked.map { $0.due % 60_000 }).count > 1)
    }

    @Test("a replaced timetable is taken up at once, and what stays goes on")
    func reloads() throws {
        let stage = try Stage(seed: 7)
        let minutely = try Self.schedule("m", "* * * * *")
        let hourly = try Self.schedule("h", "every 2m")
        let timetable = try Timetable([minutely])
        let board = ScheduleBoard()
        try stage.simulation.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await stage.scheduler(timetable, board: board).run() }
                await stage.sleep(.seconds(90))
                let isChanged = try [
                    timetable.replace(with: [minutely]),
                    timetable.replace(with: [minutely, hourly]),
                ]
                #expect(isChanged == [false, true])
                #expect(throws: SchedulerError.duplicate(minutely.name)) {
                    try timetable.replace(with: [minutely, minutely])
                }
                await stage.sleep(.seconds(60))
                #expect(board.statuses.map(\.name.text) == ["h", "m"])
                _ = try timetable.replace(with: [hourly])
                await stage.sleep(.seconds(100))
                #expect(board.statuses.map(\.name.text) == ["h"])
                group.cancelAll()
            }
        }
        #expect(
            stage.fired == [
                "h@2026-01-01T00:02:00Z", "h@2026-01-01T00:04:00Z", "m@2026-01-01T00:01:00Z",
                "m@2026-01-01T00:02:00Z",
            ]
        )
    }

    @Test("a schedule whose times are edited fires none of the new times that lie behind")
    func retimes() throws {
        let stage = try Stage(seed: 8)
        let early = try Self.schedule("digest", "5 * * * *")
        let late = try Self.schedule("digest", "20 * * * *")
        let other = try Self.schedule("other", "5 * * * *")
        let timetable = try Timetable([early, other])
        try stage.simulation.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await stage.scheduler(timetable).run() }
                // Half an hour past: 00:05 was fired, 00:20 never planned.
                await stage.sleep(.seconds(1800))
                _ = try timetable.replace(with: [late, other])
                await stage.sleep(.seconds(3600))
                group.cancelAll()
            }
        }
        #expect(
            stage.fired == [
                "digest@2026-01-01T00:05:00Z", "digest@2026-01-01T01:20:00Z",
                "other@2026-01-01T00:05:00Z", "other@2026-01-01T01:05:00Z",
            ]
        )
    }

    @Test("a duty runs again and again, rests longer while it fails, and never ends the scheduler")
    func duties() throws {
        let stage = try Stage(seed: 8)
        let runs = Attempts()
        let duty = Duty(name: "sweep", interval: .seconds(10)) {
            runs.add()
            if stage.ambient.elapsed() < .seconds(1000) { throw Failure() }
        }
        let scheduler = Scheduler(
            timetable: try Timetable([]),
            queues: [],
            duties: [duty],
            ambient: stage.ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try stage.simulation.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await scheduler.run() }
                await stage.sleep(.seconds(1000))
                #expect((10...20).contains(runs.value))
                await stage.sleep(.seconds(1000))
                group.cancelAll()
            }
        }
        #expect((90...130).contains(runs.value))
    }

    private struct Failure: Error {}
}

/// Counts attempts.
private final class Attempts: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    func add() {
        state.withLock { $0 += 1 }
    }
}
